"""What a container app's secrets, template and traffic must be."""

import re

from local.azure.arm import Json, Refusal
from local.azure.types import revisions
from local.azure.types.revisions import invalid

_SUFFIX = re.compile(r"[a-z0-9]([-a-z0-9]{0,52}[a-z0-9])?")


def check_secrets(configuration: Json) -> None:
    """Refuse a secret that is not sound."""
    known = {row["name"] for row in configuration.get("secrets") or []}
    for row in configuration.get("registries") or []:
        wanted = row.get("passwordSecretRef")
        if wanted and wanted not in known:
            raise Refusal(
                400,
                "ContainerAppRegistriesPasswordSecretRefNotFound",
                f"PasswordSecretRef '{wanted}' defined for container registry"
                f" '{row.get('server')}' not found in the secrets.",
            )


def check_template(template: Json, app: str) -> None:
    """Refuse a template that is not sound."""
    containers = template.get("containers") or []
    if not containers:
        raise invalid("template.containers", "A container app needs at least one container")
    for container in containers:
        for field in ("name", "image"):
            if not container.get(field):
                raise invalid(f"template.containers.{field}", f"'{field}' is required")
    suffix = template.get("revisionSuffix")
    if suffix and (not _SUFFIX.fullmatch(suffix) or len(app) + 2 + len(suffix) > 54):
        raise invalid(
            "template.revisionsuffix",
            f"Invalid value: '{suffix}': lower case letters, digits and '-', and at most 54"
            " characters together with the app's name",
        )
    scale = template.get("scale") or {}
    least, most = scale.get("minReplicas") or 0, scale.get("maxReplicas") or 10
    if not 0 <= least <= most <= 1000:
        raise invalid("template.scale", "minReplicas must not exceed maxReplicas, at most 1000")


def check_traffic(ingress: Json, known: list[Json]) -> None:
    """Refuse traffic that is not sound."""
    rules = ingress.get("traffic") or []
    if not rules:
        return
    active = revisions.names(known)
    total = 0
    for rule in rules:
        weight = rule.get("weight") or 0
        weight = int(weight) if isinstance(weight, str) and weight.isdecimal() else weight
        if not isinstance(weight, int) or isinstance(weight, bool) or not 0 <= weight <= 100:
            raise invalid("configuration.ingress.traffic", f"'{weight}' is not from 0 to 100")
        total += weight
        name = rule.get("revisionName")
        if bool(name) == bool(rule.get("latestRevision")):
            raise invalid(
                "configuration.ingress.traffic",
                "each rule names either a revision or the latest revision",
            )
        if name and name not in active:
            raise Refusal(
                400,
                "ContainerAppInvalidRevisionName",
                f"The revision '{name}' that traffic is routed to does not exist or is inactive.",
            )
    if total != 100:
        raise invalid(
            "configuration.ingress.traffic", f"the weights must add up to 100, not {total}"
        )
