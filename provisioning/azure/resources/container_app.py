"""Container apps: stopped and started whole, so that revisions and weights stay as they are.

Changing the least number of replicas would make a new revision instead.
https://learn.microsoft.com/rest/api/containerapps/container-apps/stop
"""

from collections.abc import Mapping

from provisioning.azure.resources.sleeper import Act, Body, Layer, Seen, Sleeper

TYPE = "Microsoft.App/containerApps"
API = "2024-03-01"


def observe(body: Body) -> Seen:
    """Return how the app stands."""
    properties = body.get("properties") or {}
    running = str(properties.get("runningStatus") or "")
    state = str(properties.get("provisioningState") or "")
    if state in ("InProgress", "Deleting") or running == "Progressing":
        return Seen(awake=None, words=running.lower() or "changing", moving=True)
    match running:
        case "Running" | "Ready":
            return Seen(awake=True, words=running.lower())
        case "Stopped":
            return Seen(awake=False, words="stopped")
        case _:
            return Seen(awake=None, words=running.lower() or "unknown")


def capture(body: Body) -> Mapping[str, str]:
    """Return the app's size: cores and memory of a replica, and how many there are at least."""
    template = (body.get("properties") or {}).get("template") or {}
    amounts = [c.get("resources") or {} for c in template.get("containers") or []]
    cores = sum(float(a.get("cpu") or 0) for a in amounts)
    memory = sum(float(str(a.get("memory") or "0").rstrip("Gi") or 0) for a in amounts)
    replicas = (template.get("scale") or {}).get("minReplicas") or 0
    return {
        "size": "container-app",
        "cores": f"{cores * replicas:g}",
        "gib": f"{memory * replicas:g}",
    }


SLEEPER = Sleeper(
    type=TYPE,
    api=API,
    layer=Layer.APPS,
    observe=observe,
    capture=capture,
    stop=Act("stop"),
)


def is_stopped(body: Body) -> bool:
    """Say whether the app is stopped, by whomever."""
    return observe(body).awake is False


def host(body: Body) -> str | None:
    """Return the host name that the app answers under; None where it has no ingress."""
    configuration = (body.get("properties") or {}).get("configuration") or {}
    found = (configuration.get("ingress") or {}).get("fqdn")
    return None if found is None else str(found)
