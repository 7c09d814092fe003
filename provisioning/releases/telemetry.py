"""What is asked of Log Analytics about a release, and what the answer's rows say.

The query tells the revisions apart by the replica that served (its name begins with the
revision's), else by the version that the application reports. `literal` is the one way for text to
get into a query: what it does not know as harmless it refuses.
https://learn.microsoft.com/azure/azure-monitor/reference/tables/apprequests
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from provisioning.errors import TerminalError
from provisioning.model import Arm

CANARY, BASELINE = "canary", "baseline"

_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def literal(text: str) -> str:
    """Return `text` as a string of the Kusto query language.

    Letters, digits, `.`, `_` and `-` alone: nothing needs escaping, and nothing can get out of the
    quotes. Raises TerminalError for anything else.
    """
    if not _HARMLESS.fullmatch(text):
        raise TerminalError("text_unsafe", f"{text[:60]!r} cannot be put into a query")
    return f"'{text}'"


def query(
    service: str, *, baseline: str, canary: str, baseline_version: str, canary_version: str
) -> str:
    """Return the query for both revisions' requests, failures, records and newest instant.

    Counts are sums of `ItemCount`, which undoes sampling. Where both run one version only the
    replica can tell.
    """
    tests = [_served_by(canary), literal(CANARY), _served_by(baseline), literal(BASELINE)]
    if canary_version != baseline_version:
        tests += [f"AppVersion == {literal(canary_version)}", literal(CANARY)]
        if baseline_version:
            tests += [f"AppVersion == {literal(baseline_version)}", literal(BASELINE)]
    lines = (
        "AppRequests",
        f"where AppRoleName == {literal(service)}",
        f"extend Arm = case({', '.join(tests)}, '')",
        "where Arm != ''",
        "summarize Requests = sum(ItemCount), Failures = sumif(ItemCount, Success == false), "
        "Records = count(), Newest = max(TimeGenerated) by Arm",
    )
    return "\n| ".join(lines)


def arm(name: str, revision: str, rows: Iterable[Mapping[str, Any]]) -> Arm:
    """Return what the answer's rows say of one arm; one without a row served nothing."""
    for row in rows:
        if row.get("Arm") == name:
            return Arm(
                revision=revision,
                requests=int(row.get("Requests") or 0),
                failures=int(row.get("Failures") or 0),
                rows=int(row.get("Records") or 0),
                newest=_instant(row.get("Newest")),
            )
    return Arm(revision=revision)


def _served_by(revision: str) -> str:
    exact, start = literal(revision), literal(f"{revision}-")
    return f"AppRoleInstance == {exact} or AppRoleInstance startswith {start}"


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
