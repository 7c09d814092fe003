"""The steps of releasing and rolling back: here alone this feature touches the world."""
