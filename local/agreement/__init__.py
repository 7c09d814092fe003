"""The simulated Azure held against recordings of the real one.

Each recorded file is played in its order against a fresh simulator, and what the simulator answers
is compared with what Azure did. A share of agreement follows, by type and operation, and the first
difference of each recording that does not agree.
"""
