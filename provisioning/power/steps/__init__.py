"""The steps of sleeping and waking: here alone this feature touches the world."""
