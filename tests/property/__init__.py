"""What holds for every value, and for every order in which things go wrong."""
