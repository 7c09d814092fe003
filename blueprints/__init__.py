"""Thin triggers: authenticate, decode, call, render. No thought lives here."""
