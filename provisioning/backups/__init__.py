"""Backups: what each data store could be restored to, held to its environment's promise."""
