"""What a build says of its image: for which commit, and where it is.

A workflow's own word, by its token, is quicker than a look at GitHub, and may name a digest. It is
held against the catalog, so that nobody has anything else run than what the service's builds push;
and against GitHub, for a build of yesterday's commit comes late.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.catalog import Preview
from provisioning.environments import heard
from provisioning.errors import Fault, Refusal
from provisioning.github.commits import is_sha
from provisioning.identity import Principal
from provisioning.intake.asking import hurry
from provisioning.intake.people import Wish, spend, subject_of
from provisioning.intake.request import Cause, Converged, converge
from provisioning.services import Services

_REST = re.compile(r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?")


@dataclass(frozen=True)
class Named:
    """A preview after its image was named; `ignored` says why nothing followed."""

    converged: Converged
    ignored: str | None


def name_image(services: Services, name: str, by: Principal, content: Mapping[str, Any]) -> Named:
    """Have a preview run the image that `content` names, once its commit is the wanted one.

    `content` is `{"sha": commit in full, "image": of the service's repository, by tag or digest}`.
    Raises Refusal with every fault in it, and as `people.grant` does.
    """
    subject = subject_of(services, Wish(name=name, by=by, is_up=True))
    preview = services.catalog.preview_of(subject.service)
    if preview is None or subject.facts is None:
        raise Refusal.one(
            409, "environment_not_a_preview", f"{name} has no image of its own", "name"
        )
    sha, image = _read(content, preview)
    spend(services, by)
    cause = Cause(text=f"{by.name} pushed {image[-80:]}", by=by.name)
    found = converge(
        services,
        name,
        cause,
        newcomer=subject.newcomer,
        facts=subject.facts,
        reshape=lambda environment, _: heard.pushed(environment, sha, image),
    )
    assert found is not None  # there is a newcomer
    wanted = heard.commit(found.environment)
    if wanted != sha:
        return Named(found, f"{(wanted or 'nothing')[:12]} is to run, not {sha[:12]}")
    if found.operation is not None:
        hurry(services, name, found.operation)
    return Named(found, None)


def _read(content: Mapping[str, Any], preview: Preview) -> tuple[str, str]:
    faults = []
    sha, image = content.get("sha"), content.get("image")
    if not is_sha(sha):
        faults.append(Fault("sha_malformed", "name the commit in full, in lower case", "sha"))
    if not isinstance(image, str) or not _is_of(preview.repository, image):
        form = f"name {preview.repository} by tag, by `@sha256:` and digest, or by both"
        faults.append(Fault("image_refused", form, "image"))
    for name in content.keys() - {"sha", "image"}:
        faults.append(Fault("field_unknown", "there are sha and image", str(name)[:80]))
    if faults:
        raise Refusal(400, *faults)
    return str(sha), str(image)


def _is_of(repository: str, image: str) -> bool:
    rest = image.removeprefix(repository)
    return image.startswith(repository) and bool(rest) and _REST.fullmatch(rest) is not None
