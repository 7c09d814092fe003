"""GitHub's objects as our values. Pure: `head.repo` is null where a fork is gone, and the like."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.catalog import LABEL
from provisioning.model import PullRequest


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment on a pull request as it is now; an edited one is not what was first said."""

    id: int
    number: int
    author: str
    body: str
    is_edited: bool


@dataclass(frozen=True, kw_only=True)
class HookDelivery:
    """One attempt of GitHub to deliver an event; `guid` is shared by all attempts at it."""

    id: int
    guid: str
    event: str
    delivered_at: datetime
    arrived: bool


def pull_request(found: Mapping[str, Any], repository: str) -> PullRequest:
    """Return a pull request; one without a head in this very repository comes from a fork."""
    head, base = found.get("head") or {}, found.get("base") or {}
    home = (base.get("repo") or {}).get("id")
    origin = (head.get("repo") or {}).get("id")
    labels = [label.get("name") for label in found.get("labels") or [] if label]
    return PullRequest(
        repository_id=int(home or 0),
        repository=repository,
        number=int(found["number"]),
        open=found.get("state") == "open",
        sha=str(head.get("sha") or ""),
        author=str((found.get("user") or {}).get("login") or "ghost"),
        fork=origin is None or origin != home,
        updated_at=datetime.fromisoformat(found["updated_at"]),
        branch=str(head.get("ref") or ""),
        labelled=LABEL in labels,
    )


def comment(found: Mapping[str, Any]) -> Comment:
    """Return a comment; its pull request's number is the end of `issue_url`."""
    number = str(found.get("issue_url") or "").rpartition("/")[2]
    return Comment(
        id=int(found["id"]),
        number=int(number) if number.isdigit() else 0,
        author=str((found.get("user") or {}).get("login") or ""),
        body=str(found.get("body") or ""),
        is_edited=found.get("updated_at") != found.get("created_at"),
    )


def hook_delivery(found: Mapping[str, Any]) -> HookDelivery:
    """Return one attempt at a delivery."""
    code = found.get("status_code")
    return HookDelivery(
        id=int(found["id"]),
        guid=str(found.get("guid") or ""),
        event=str(found.get("event") or ""),
        delivered_at=datetime.fromisoformat(found["delivered_at"]),
        arrived=isinstance(code, int) and 200 <= code < 300,
    )
