"""The steps of the environments' workflows: here alone this feature touches the world."""
