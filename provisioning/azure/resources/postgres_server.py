"""PostgreSQL flexible servers: stopped and started; a stopped one starts by itself after a week.

https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-servers
"""

from collections.abc import Mapping

from provisioning.azure.resources.sleeper import Act, Body, Layer, Seen, Sleeper

TYPE = "Microsoft.DBforPostgreSQL/flexibleServers"
API = "2024-08-01"


def observe(body: Body) -> Seen:
    """Return how the server stands."""
    state = str((body.get("properties") or {}).get("state") or "unknown")
    match state:
        case "Ready":
            return Seen(awake=True, words="ready")
        case "Stopped":
            return Seen(awake=False, words="stopped")
        case _:
            return Seen(
                awake=None, words=state.lower(), moving=state not in ("Disabled", "unknown")
            )


def capture(body: Body) -> Mapping[str, str]:
    """Return the server's size."""
    return {"size": str((body.get("sku") or {}).get("name") or "unknown")}


SLEEPER = Sleeper(
    type=TYPE,
    api=API,
    layer=Layer.DATA,
    observe=observe,
    capture=capture,
    stop=Act("stop"),
)
