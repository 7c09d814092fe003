"""What was pushed: manifests by digest, and the tags that point at them now."""

import hashlib
import json
import re
from dataclasses import dataclass

from local.registry.answers import RegistryError

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MEDIA_TYPES = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)

_NAME = re.compile(
    r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"  # of the spec
)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest, as it was pushed."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """The name that its bytes give it."""
        return digest_of(self.body)


class Shelf:
    """Repositories, each with its manifests and tags."""

    def __init__(self) -> None:
        self._manifests: dict[str, dict[str, Manifest]] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def push(
        self,
        repository: str,
        tag: str,
        *,
        media_type: str = OCI_MANIFEST,
        body: bytes | None = None,
    ) -> str:
        """Have the tag point at a manifest, and return its digest; a tag may be moved.

        Without a body it is one that tells this push from every other, and repeats with it.
        """
        if not _NAME.fullmatch(repository):
            raise RegistryError(400, "NAME_INVALID", f"{repository!r} is no name")
        if not _TAG.fullmatch(tag):
            raise RegistryError(400, "MANIFEST_INVALID", f"{tag!r} is no tag")
        if media_type not in MEDIA_TYPES:
            raise RegistryError(400, "MANIFEST_INVALID", f"{media_type!r} is no manifest's type")
        made = Manifest(
            media_type=media_type, body=body or _written(media_type, f"{repository}:{tag}")
        )
        self._manifests.setdefault(repository, {})[made.digest] = made
        self._tags.setdefault(repository, {})[tag] = made.digest
        return made.digest

    def remove(self, repository: str, tag: str) -> None:
        """Take the tag away; what it pointed at is still had by digest."""
        self._tags.get(repository, {}).pop(tag, None)

    def find(self, repository: str, reference: str) -> Manifest:
        """Return the manifest that a tag or digest names; refuse in the spec's words."""
        if not _NAME.fullmatch(repository):
            raise RegistryError(400, "NAME_INVALID", "invalid repository name")
        if ":" in reference and not _DIGEST.fullmatch(reference):
            raise RegistryError(400, "DIGEST_INVALID", "invalid digest")
        manifests = self._manifests.get(repository)
        if manifests is None:
            raise RegistryError(404, "NAME_UNKNOWN", "repository name not known to registry")
        found = manifests.get(self._tags.get(repository, {}).get(reference, reference))
        if found is None:
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown")
        return found


def digest_of(body: bytes) -> str:
    """Return the digest of these bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _written(media_type: str, seed: str) -> bytes:
    blob = {"digest": digest_of(seed.encode()), "size": len(seed)}
    content = {"schemaVersion": 2, "mediaType": media_type}
    if media_type in (OCI_INDEX, DOCKER_LIST):
        part = OCI_MANIFEST if media_type == OCI_INDEX else DOCKER_MANIFEST
        platform = {"architecture": "amd64", "os": "linux"}
        return json.dumps(
            {**content, "manifests": [{"mediaType": part, **blob, "platform": platform}]}
        ).encode()
    kind = (
        "application/vnd.oci.image.config.v1+json"
        if media_type == OCI_MANIFEST
        else "application/vnd.docker.container.image.v1+json"
    )
    return json.dumps({**content, "config": {"mediaType": kind, **blob}, "layers": []}).encode()
