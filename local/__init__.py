"""The local stack: all that the app talks to, on one machine. The app never imports it."""
