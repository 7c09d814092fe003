"""The steps that speak to GitHub."""
