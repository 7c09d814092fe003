"""How a container app's revisions are read, and what a change of its traffic is made of.

Traffic may be given to a revision by name or to "the latest one". Only names are written here: a
share of the latest revision moves by itself when somebody deploys.
https://learn.microsoft.com/azure/container-apps/traffic-splitting
https://learn.microsoft.com/azure/container-apps/revisions
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

TYPE = "Microsoft.App/containerApps"
API = "2024-03-01"

_LONGEST_SUFFIX = 30  # of the 54 characters that app and suffix share
_SETTLED = ("Succeeded", "Failed", "Canceled", "")
_SERVING = ("Running", "RunningAtMaxScale", "ScaledToZero", "")


class Readiness(StrEnum):
    """Whether a revision can be given traffic."""

    READY = "ready"
    STARTING = "starting"
    INACTIVE = "inactive"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class App:
    """What was read of a container app: whether it moves, and who has which share of its traffic.

    `weights` has each revision with a share, in percent; `labels` the label that a revision has.
    """

    name: str
    state: str
    is_multiple: bool
    has_ingress: bool
    latest: str
    weights: Mapping[str, int]
    labels: Mapping[str, str]
    template: Mapping[str, Any] = field(repr=False)

    @property
    def is_moving(self) -> bool:
        """Say whether a change of the app is under way: another would be refused."""
        return self.state not in _SETTLED


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What was read of a revision: whether it can serve, why, and the tags of its images."""

    name: str
    readiness: Readiness
    because: str
    tags: tuple[str, ...]
    created: str


def read(body: Mapping[str, Any]) -> App:
    """Return what the ARM body of a container app says."""
    properties = body.get("properties") or {}
    configuration = properties.get("configuration") or {}
    ingress = configuration.get("ingress") or {}
    latest = str(properties.get("latestRevisionName") or "")
    weights: dict[str, int] = {}
    labels: dict[str, str] = {}
    for entry in ingress.get("traffic") or []:
        name = str(entry.get("revisionName") or latest)
        share = int(entry.get("weight") or 0)
        if share:
            weights[name] = weights.get(name, 0) + share
        if entry.get("label") and entry.get("revisionName"):
            labels[name] = str(entry["label"])
    return App(
        name=str(body.get("name") or ""),
        state=str(properties.get("provisioningState") or ""),
        is_multiple=configuration.get("activeRevisionsMode") == "Multiple",
        has_ingress=bool(ingress),
        latest=latest,
        weights=weights,
        labels=labels,
        template=properties.get("template") or {},
    )


def read_revision(body: Mapping[str, Any]) -> Revision:
    """Return what the ARM body of a revision says."""
    properties = body.get("properties") or {}
    containers = (properties.get("template") or {}).get("containers") or []
    readiness, because = _readiness(properties)
    return Revision(
        name=str(body.get("name") or ""),
        readiness=readiness,
        because=because,
        tags=tuple(tag_of(str(c.get("image") or "")) for c in containers),
        created=str(properties.get("createdTime") or ""),
    )


def of_version(app: str, version: str, revisions: Sequence[Revision]) -> Revision | None:
    """Return the revision that `version` names: by its suffix, or by its image's tag.

    Of several the one with the suffix, else the newest that can serve.
    """
    fitting = [r for r in revisions if f"{app}--{version}" == r.name or version in r.tags]
    if not fitting:
        return None

    def place(revision: Revision) -> tuple[bool, bool, str]:
        is_named = revision.name == f"{app}--{suffix_of(version)}"
        return is_named, revision.readiness is Readiness.READY, revision.created

    return max(fitting, key=place)


def version_of(app: str, revision: Revision) -> str:
    """Return the version that a revision runs: its image's tag, else its suffix."""
    tags = [tag for tag in revision.tags if tag]
    return tags[0] if tags else revision.name.removeprefix(f"{app}--")


def traffic(app: App, shares: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return traffic in which exactly `shares` are served, adding up to 100; labels stay.

    A revision without a share is named only if it is in `shares` or has a label.
    """
    if sum(shares.values()) != 100 or min(shares.values()) < 0:
        raise ValueError(f"shares must add up to 100: {dict(shares)}")
    entries = []
    for name in [*shares, *(n for n in app.labels if n not in shares)]:
        entry: dict[str, Any] = {"revisionName": name, "weight": shares.get(name, 0)}
        if name in app.labels:
            entry["label"] = app.labels[name]
        entries.append(entry)
    return entries


def traffic_body(app: App, shares: Mapping[str, int]) -> dict[str, Any]:
    """Return the body of a PATCH that changes the app's traffic and nothing else."""
    ingress = {"traffic": traffic(app, shares)}
    return {"properties": {"configuration": {"ingress": ingress}}}


def new_revision_body(app: App, container: str, version: str) -> dict[str, Any]:
    """Return the body of a PATCH that makes a revision of `version`, without any traffic.

    The traffic is written by name in the same change: a share of the latest revision would fall to
    the new one at once.
    """
    containers = [
        {**_settable(c), "image": with_tag(str(c.get("image") or ""), version)}
        if c.get("name") == container
        else _settable(c)
        for c in app.template.get("containers") or []
    ]
    body = traffic_body(app, app.weights)
    suffix = suffix_of(version)
    body["properties"]["template"] = {
        **app.template,
        "revisionSuffix": suffix,
        "containers": containers,
    }
    if app.template.get("initContainers"):
        first = [_settable(c) for c in app.template["initContainers"]]
        body["properties"]["template"]["initContainers"] = first
    return body


def _settable(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container without what Azure alone decides."""
    found = dict(container)
    if isinstance(container.get("resources"), Mapping):
        given = container["resources"].items()
        found["resources"] = {name: value for name, value in given if name != "ephemeralStorage"}
    return found


def released_container(app: App) -> str | None:
    """Return the container that a release changes: the one named as the app, or the only one."""
    names = [str(c.get("name") or "") for c in app.template.get("containers") or []]
    if app.name in names:
        return app.name
    return names[0] if len(names) == 1 else None


def suffix_of(version: str) -> str:
    """Return a revision's suffix for a version: lower case, a letter first, no `--`.

    A version that had to be changed gets a hash, so that no two share a suffix.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", version.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"r{plain}"
    if plain == version and len(plain) <= _LONGEST_SUFFIX:
        return plain
    digest = hashlib.sha256(version.encode("utf-8")).hexdigest()[:6]
    return f"{plain[: _LONGEST_SUFFIX - 7].rstrip('-')}-{digest}"


def tag_of(image: str) -> str:
    """Return an image's tag; empty where it has none."""
    name = image.partition("@")[0].rsplit("/", 1)[-1]
    return name.partition(":")[2]


def with_tag(image: str, tag: str) -> str:
    """Return the image under another tag; a digest would hold it to the old one."""
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}:{tag}"


def _readiness(properties: Mapping[str, Any]) -> tuple[Readiness, str]:
    provisioning = str(properties.get("provisioningState") or "")
    running = str(properties.get("runningState") or "")
    health = str(properties.get("healthState") or "None")
    said = f"it is {provisioning or 'unknown'}, {running or 'unknown'}, health {health}"
    if not properties.get("active", True):
        return Readiness.INACTIVE, "it is not active"
    if provisioning == "Failed" or running == "Failed":
        error = str(properties.get("provisioningError") or "")[:300]
        return Readiness.FAILED, f"{said}: {error}" if error else said
    if provisioning != "Provisioned" or running not in _SERVING or health == "Unhealthy":
        return Readiness.STARTING, said
    return Readiness.READY, said
