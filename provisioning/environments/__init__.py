"""Environments: what they should be, what must change, and the steps that change it."""
