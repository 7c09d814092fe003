"""Whether a canary does well, by a plain rule: good, bad, or unknown.

The verdict is a tree: is there enough to go by, is it new, is the share of failures under the
limit, and is it no worse than the revision beside it. Bad outweighs everything, and what is not
good is not known to be good. `judge` is the one question that a release asks; a better judge
answers the same question.
"""

from collections.abc import Sequence
from datetime import timedelta

from provisioning.model import Arm, Finding, Standing, Window

MARGIN = 0.01  # how much worse than the baseline's a canary's share of failures may be

_NOTHING = "no telemetry of it yet"


def judge(window: Window) -> Finding:
    """Return the verdict on the canary, as bad as its worst part."""
    parts = (_errors(window), _comparison(window), _sample(window), _freshness(window))
    return all_of(f"canary {window.canary.revision}", parts)


def all_of(name: str, parts: Sequence[Finding]) -> Finding:
    """Return the finding on everything, explained by its worst part."""
    worst = max(parts, key=lambda part: part.standing.gravity)
    return Finding(name=name, standing=worst.standing, because=worst.because, parts=tuple(parts))


def _sample(window: Window) -> Finding:
    """Judge the number of records, not of requests: sampling makes many of few."""
    rows, least = window.canary.rows, window.least_requests
    figures = {"records": str(rows), "at least": str(least)}
    if rows >= least:
        return finding("sample", Standing.GOOD, f"{rows} requests are enough to go by", figures)
    return finding("sample", Standing.UNKNOWN, _so_far(window), figures)


def _freshness(window: Window) -> Finding:
    newest, limit = window.canary.newest, _minutes(window.fresh)
    if newest is None:
        return finding("freshness", Standing.UNKNOWN, _NOTHING, {"limit": limit})
    age = max(window.until - newest, timedelta(0))
    figures = {"newest": f"{newest:%Y-%m-%d %H:%M:%S} UTC", "age": _minutes(age), "limit": limit}
    if age <= window.fresh:
        return finding("freshness", Standing.GOOD, f"seen {_minutes(age)} ago", figures)
    because = f"its newest telemetry is {_minutes(age)} old, over {limit}"
    return finding("freshness", Standing.UNKNOWN, because, figures)


def _errors(window: Window) -> Finding:
    """Judge the share of failures; bad already where no further success could mend it.

    With fewer records than are wanted, the share that counts is the one it would have if all that
    is missing went well.
    """
    canary, limit = window.canary, window.most_errors
    share = _share(canary)
    figures = _figures(canary) | {"limit": _percent(limit)}
    certain = share * canary.rows / max(canary.rows, window.least_requests, 1)
    if certain > limit:
        because = f"{_percent(share)} of its requests failed, over {_percent(limit)}"
        return finding("errors", Standing.BAD, because, figures)
    if canary.rows < window.least_requests:
        return finding("errors", Standing.UNKNOWN, _so_far(window), figures)
    because = f"{_percent(share)} of its requests failed, within {_percent(limit)}"
    return finding("errors", Standing.GOOD, because, figures)


def _comparison(window: Window) -> Finding:
    canary, baseline, least = window.canary, window.baseline, window.least_requests
    share, usual = _share(canary), _share(baseline)
    figures = {
        "canary": _percent(share),
        "baseline": _percent(usual),
        "margin": _percent(MARGIN),
    }
    if canary.rows < least or baseline.rows < least:
        scarce = "it" if canary.rows < least else "the baseline"
        because = f"too few requests of {scarce} to compare"
        return finding("comparison", Standing.UNKNOWN, because, figures)
    said = f"{_percent(share)} failed, of the baseline's {_percent(usual)}"
    if share > usual + MARGIN:
        return finding("comparison", Standing.BAD, f"worse than what it replaces: {said}", figures)
    return finding("comparison", Standing.GOOD, f"no worse than what it replaces: {said}", figures)


def _so_far(window: Window) -> str:
    rows = window.canary.rows
    return f"{rows} of {window.least_requests} requests seen so far" if rows else _NOTHING


def finding(name: str, standing: Standing, because: str, figures: dict[str, str]) -> Finding:
    """Return one finding that is made of no others."""
    return Finding(name=name, standing=standing, because=because, figures=figures)


def _share(arm: Arm) -> float:
    return min(arm.failures / arm.requests, 1.0) if arm.requests > 0 else 0.0


def _figures(arm: Arm) -> dict[str, str]:
    return {
        "requests": str(arm.requests),
        "failures": str(arm.failures),
        "share": _percent(_share(arm)),
    }


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _minutes(duration: timedelta) -> str:
    seconds = round(duration.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
