"""How each type of resource is read: one file a type."""
