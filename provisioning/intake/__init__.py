"""The one door by which an operation begins: authorise, dedupe, store, audit, nudge."""
