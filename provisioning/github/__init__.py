"""GitHub's side of the conversation, without a socket: what it asks, and what is said."""
