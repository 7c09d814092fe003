"""`$filter` of Resource Manager's lists: the few forms it takes, and a refusal of the rest.

Groups can be filtered by tag alone. Resources take comparisons joined by `and` and `or`; a tag
may not be combined with anything but another tag's half.
"""

import re
from collections.abc import Callable

from local.azure.arm import Json, gateway

Test = Callable[[Json], bool]
_TAG_NAME = re.compile(r"tagname\s+eq\s+'([^']*)'", re.IGNORECASE)
_TAG_VALUE = re.compile(r"tagvalue\s+eq\s+'([^']*)'", re.IGNORECASE)
_STARTS = re.compile(r"startswith\s*\(\s*tagname\s*,\s*'([^']*)'\s*\)", re.IGNORECASE)
_COMPARE = re.compile(r"([A-Za-z/]+)\s+(eq|ne)\s+'([^']*)'", re.IGNORECASE)
_SUBSTRING = re.compile(r"substringof\s*\(\s*'([^']*)'\s*,\s*([A-Za-z]+)\s*\)", re.IGNORECASE)
_FIELDS: dict[str, Callable[[Json], object]] = {
    "resourcetype": lambda row: row.get("type"),
    "name": lambda row: row.get("name"),
    "location": lambda row: row.get("location"),
    "resourcegroup": lambda row: _group(str(row.get("id"))),
    "kind": lambda row: row.get("kind"),
    "identity/principalid": lambda row: (row.get("identity") or {}).get("principalId"),
    "plan/name": lambda row: (row.get("plan") or {}).get("name"),
}
_SEARCHABLE = {"name", "resourcegroup"}


def compile_filter(text: str | None, *, tags_only: bool = False) -> Test:
    """Return the test that `text` asks for."""
    if text is None or not text.strip():
        return lambda row: True
    tag = _tag_test(text)
    if tag is not None:
        return tag
    if tags_only:
        raise _refusal(text)
    either = [
        [_clause(part, text) for part in re.split(r"\s+and\s+", branch, flags=re.IGNORECASE)]
        for branch in re.split(r"\s+or\s+", text.strip(), flags=re.IGNORECASE)
    ]
    return lambda row: any(all(test(row) for test in every) for every in either)


def _tag_test(text: str) -> Test | None:
    parts = re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE)
    starts = _STARTS.fullmatch(parts[0])
    if starts and len(parts) == 1:
        prefix = starts.group(1).lower()
        return lambda row: any(name.lower().startswith(prefix) for name in row.get("tags") or {})
    name = _TAG_NAME.fullmatch(parts[0])
    if name is None:
        return None
    wanted = name.group(1).lower()
    if len(parts) == 1:
        return lambda row: wanted in {tag.lower() for tag in row.get("tags") or {}}
    value = _TAG_VALUE.fullmatch(parts[1])
    if value is None or len(parts) > 2:
        raise _refusal(text)
    exact = value.group(1)
    return lambda row: any(
        tag.lower() == wanted and content == exact
        for tag, content in (row.get("tags") or {}).items()
    )


def _clause(part: str, text: str) -> Test:
    part = part.strip().strip("()") if not part.strip().lower().startswith("sub") else part.strip()
    compared = _COMPARE.fullmatch(part)
    if compared:
        read = _FIELDS.get(compared.group(1).lower())
        if read is None:
            raise _refusal(text)
        wanted, same = compared.group(3).lower(), compared.group(2).lower() == "eq"
        return lambda row: (str(read(row) or "").lower() == wanted) is same
    searched = _SUBSTRING.fullmatch(part)
    if searched and searched.group(2).lower() in _SEARCHABLE:
        inside, look = searched.group(1).lower(), _FIELDS[searched.group(2).lower()]
        return lambda row: inside in str(look(row) or "").lower()
    raise _refusal(text)


def _refusal(text: str) -> Exception:
    return gateway(
        400,
        "InvalidFilterInQueryString",
        f"Invalid $filter '{text}' specified in the query string.",
    )


def _group(path: str) -> str:
    found = re.search(r"/resourcegroups/([^/]+)", path, re.IGNORECASE)
    return found.group(1) if found else ""
