"""What becomes of whatever comes in by a door: a delivery of GitHub, an alert of Azure."""

from enum import StrEnum


class State(StrEnum):
    """What became of it."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    DONE = "done"
    FAILED = "failed"
