"""The steps of the environments' workflows: the only place of this feature that touches the world."""
