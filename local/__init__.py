"""The local stack: everything this app talks to, on one machine. Never deployed, never imported by the app."""
