"""Sleep: when an environment that others built is awake, what stops, and what it must be again."""
