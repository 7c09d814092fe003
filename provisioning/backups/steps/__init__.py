"""The steps of looking at backups: here alone this feature touches the world."""
