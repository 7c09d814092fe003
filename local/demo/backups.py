"""Fourth act: each store of production is held against what its environment promises."""

from typing import Any

from local.demo.telling import fact, scene
from local.outside import Broken, Stack

NAME = "production"
POLICY = (
    "/resourceGroups/rg-tesoro-production/providers/Microsoft.Sql/servers/sql-tesoro-production"
    "/databases/rewards/backupShortTermRetentionPolicies/default"
)


def play(running: Stack) -> None:
    """Tell of good backups, of a bad one, and of its healing."""
    scene("Every store is looked at")
    if tell(checked(running)) != "good":
        raise Broken("the backups of production are not good")
    scene("Somebody shortens a retention")
    keep(running, days=7)
    if tell(checked(running)) != "bad":
        raise Broken("a bad backup passed")
    for condition in running.api(f"environments/{NAME}")["conditions"]:
        fact("it says", condition["message"])
    for alert in running.api("alerts")["value"]:
        fact("alert", f"{alert['rule']}, {alert['severity']}, {alert['condition']}")
    scene("And puts it back")
    keep(running, days=30)
    found = checked(running)
    fact(NAME, f"is {found['verdict']}: {found['because']}")


def checked(running: Stack) -> dict[str, Any]:
    """Let an hour pass, and return what is then said of the environment's backups."""
    running.advance("PT1H2M")
    (found,) = running.api(f"backups?environment={NAME}")["value"]
    return dict(found)


def tell(found: dict[str, Any]) -> str:
    """Tell the verdict on each store; return the whole."""
    for store in found["stores"]:
        fact(store["verdict"], f"{store['name']:<32}{store['because']}")
    return str(found["verdict"])


def keep(running: Stack, *, days: int) -> None:
    """Have the database's backups kept for so many days, as the world is found."""
    subscription = running.azure("GET", "resources")[0]["id"].split("/resourceGroups/")[0]
    policy = {"id": subscription + POLICY, "properties": {"retentionDays": days}}
    running.azure("PUT", "resources", json=[policy])
