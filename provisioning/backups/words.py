"""What is said of backups, in one place: figures, and the sentences made of them."""

from datetime import datetime, timedelta

NEWEST, RETENTION = "newest point", "retention"
GEO, REPLICATION = "geo-redundancy", "replication"
NOT_CHECKED = "not checked yet"
NO_STORE = "no data store is found in the group"


def span(duration: timedelta) -> str:
    """Return a duration as people say it."""
    minutes = max(0, round(duration.total_seconds() / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def moment(when: datetime) -> str:
    """Return an instant to the minute."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def days(number: int) -> str:
    """Return a number of days."""
    return "1 day" if number == 1 else f"{number} days"


def untold(what: str, silence: str) -> str:
    """Say that something is not known, and why if that is known."""
    return f"{what} is not known" + (f": {silence}" if silence else "")


def of_store(name: str, sentences: list[str]) -> str:
    """Return what is wrong with a store in a sentence that names it."""
    return f"{name}: {'; '.join(sentences)}"


def rto(promised: timedelta) -> str:
    """Return the figure of a restore's length, which no drill has measured."""
    return f"{span(promised)} promised, not measured yet"


def unlisted(why: str) -> str:
    """Say that the group itself could not be listed."""
    return f"the group's resources cannot be listed: {why}"


def stale(checked_at: datetime, verdict: str) -> str:
    """Say that a verdict is too old to be believed."""
    return f"last checked at {moment(checked_at)}, {verdict} then; nothing is known since"
