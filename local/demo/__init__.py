"""The demo: everything the control plane does, told as it happens."""
