"""Azure's alerts, sans-IO: what a payload of any schema says, and what it may mean."""
