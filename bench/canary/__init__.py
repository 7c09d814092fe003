"""How good the judge of canaries is: worlds it does not know, peers beside it, in one run."""
