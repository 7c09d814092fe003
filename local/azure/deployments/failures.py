"""What a deployment says of what went wrong.

Until the middle of 2023 a resource's failure was the text of its provider's answer under the name
of its status; since then it is an error with a target, as the recordings of either time show.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus

from local.azure.arm import Json, Refusal, gateway
from local.azure.deployments.records import Deployment, Node
from local.azure.era import ERA
from local.azure.templates.errors import TemplateError
from local.azure.templates.parameters import declared, is_secure

_TARGETS = "2023-07"  # the month since which errors have a target
_ONE_FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for"
    " details. Please see {link} for usage details."
)
_LIVES = timedelta(days=7)  # an active deployment is given up after


def of(one: Deployment, failed: Iterable[Node]) -> Json:
    """Return the error of a deployment with resources that failed."""
    found: Json = {"code": "DeploymentFailed"}
    if _has_targets():
        found["target"] = one.id
    link = "https://aka.ms/arm-deployment-operations" if _has_targets() else _OLD
    found["message"] = _ONE_FAILED.format(link=link)
    found["details"] = [node.error for node in failed if node.error is not None]
    return found


_OLD = "https://aka.ms/DeployOperations"


def outputs(one: Deployment, error: Json) -> Json:
    """Return the error of a deployment whose outputs cannot be told."""
    found: Json = {"code": "DeploymentFailed"}
    if _has_targets():
        found["target"] = one.id
    link = "https://aka.ms/arm-deployment-operations" if _has_targets() else _OLD
    return {**found, "message": _ONE_FAILED.format(link=link), "details": [error]}


def template(error: TemplateError, *, code: str = "InvalidTemplate") -> Json:
    """Return the error of an expression that failed while the deployment ran."""
    told = error.message.replace("{line}", "1").replace("{column}", "1")
    return {
        "code": code,
        "message": f"Unable to process template language expressions: '{told}'",
    }


def refused(refusal: Refusal, node_id: str, form: str = "") -> Json:
    """Return the error of a resource that its provider refused."""
    body = refusal.answer(form).body
    if not _has_targets():
        text = json.dumps(body, indent=2).replace("\n", "\r\n")
        return {"code": word(refusal.status), "message": text}
    more = {"details": refusal.details} if refusal.details is not None else {}
    target = refusal.target or node_id
    return {"code": refusal.code, "target": target, "message": refusal.message, **more}


def late(error: Json | None, node: Node) -> Json:
    """Return the error of a resource whose work failed in the end."""
    details = [error] if error else []
    if not _has_targets():
        inner = {
            "code": "ResourceDeploymentFailure",
            "message": (
                "The resource operation completed with terminal provisioning state 'Failed'."
            ),
            "details": details,
        }
        text = json.dumps({"status": "Failed", "error": inner}, indent=2).replace("\n", "\r\n")
        return {"code": "Conflict", "message": text}
    return {
        "code": "ResourceDeploymentFailure",
        "target": node.id,
        "message": (
            "The resource write operation failed to complete successfully, because it reached"
            " terminal provisioning state 'Failed'."
        ),
        "details": details,
    }


def active(one: Deployment) -> Refusal:
    """Return the refusal of a deployment whose name is taken by one that runs."""
    return gateway(
        409,
        "DeploymentActive",
        f"Unable to edit or replace deployment '{one.name}': previous deployment from"
        f" '{_american(one.started)}' is still active (expiration time is"
        f" '{_american(one.started + _LIVES)}'). Please see https://aka.ms/arm-deploy for usage"
        " details.",
    )


def gone(deployment_id: str) -> Refusal:
    """Return the refusal of a deployment that is not there."""
    name = deployment_id.rpartition("/")[2]
    return gateway(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")


def without_secrets(one: Deployment) -> Json:
    """Return the values of a deployment's parameters without those that are secret."""
    kinds = declared(one.template)
    return {
        name: None if name in kinds and is_secure(kinds[name]) else value
        for name, value in one.values.items()
    }


def _has_targets() -> bool:
    return ERA.get() >= _TARGETS


def word(status: int) -> str:
    """Return a status as .NET names it: BadRequest."""
    return HTTPStatus(status).phrase.replace(" ", "")


def _american(at: datetime) -> str:
    hour = at.hour % 12 or 12
    half = "PM" if at.hour >= 12 else "AM"
    return f"{at.month}/{at.day}/{at.year} {hour}:{at.minute:02}:{at.second:02} {half}"
