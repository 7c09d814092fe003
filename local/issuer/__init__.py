"""Entra ID, GitHub Actions' issuer and App Service's identity endpoint, as this app sees them.

The three are one process because each only signs. They share nothing else: Entra ID and Actions
have a key each, so that a door which mixes them up fails here as it would in the cloud. Times in a
token are the machine's, never the app clock's: expiry belongs to TLS and tokens, not to schedules.
`claims.py` says what is in a token, `door.py` who may ask for one.
"""
