"""GitHub's side of the conversation, without a socket: what arrives, what it asks, what is said."""
