"""The control plane: what is wanted, what was seen, what is done about it, and why."""
