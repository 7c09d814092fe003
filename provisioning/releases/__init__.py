"""Releases: how much traffic a new version gets, by what evidence, and how it is taken back."""
