"""What GitHub is told of an environment: a target of its own, never in the environment's way."""
