"""One suite for every keeper of a promise."""
