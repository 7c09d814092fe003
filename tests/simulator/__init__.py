"""Tests of the simulated Azure, driven by the real SDK clients."""
