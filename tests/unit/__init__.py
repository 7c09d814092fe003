"""Pure functions, and the small clients at the edge against real sockets."""
