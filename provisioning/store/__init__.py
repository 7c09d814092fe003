"""Rows, and the blobs that hold what is too large for a row."""
