"""Third act: staging falls asleep after working hours, and wakes as it was."""

from typing import Any

from local.demo.telling import fact, scene
from local.outside import Broken, Stack

NAME = "staging"
# What time alone moves in a resource's body.
MOVED = {"time", "lastModifiedAt", "lastModifiedTimeUtc", "earliestRestoreDate", "lastSyncTime"}


def play(running: Stack) -> None:
    """Tell of a night and a morning."""
    before = bodies(running)
    evening(running)
    morning(running)
    after = bodies(running)
    changed = [name for name in before if before[name] != after.get(name)]
    if changed or set(after) != set(before):
        raise Broken(f"the night left something changed: {changed}")
    fact("unchanged", f"every property of all {len(before)} resources of the three environments")


def evening(running: Stack) -> None:
    """Working hours end; apps stop before data, production is left alone."""
    scene("Evening: working hours end at 19:00 in Madrid")
    turn = running.api("schedule?days=2")["value"][0]
    fact("planned", f"{turn['action']} of {turn['environment']} at {turn['local']}")
    running.jump_to("17:58")
    asleep = running.wait_for(NAME, "asleep", minutes=20)
    why = running.api(f"environments/{NAME}/why")
    fact("because", why["because"])
    for resource in asleep["resources"]:
        if resource["state"] != "there":
            fact("in Azure", f"{resource['id'].rsplit('/', 1)[1]:<28}{resource['state']}")
    production = running.api("environments/production")
    if production["phase"] != "ready":
        raise Broken(f"production is {production['phase']}")
    fact("production", "is ready, as always")


def morning(running: Stack) -> None:
    """Working hours begin; data starts before apps, and health must answer."""
    scene("Morning: working hours begin at 07:00")
    running.jump_to("05:58")
    ready = running.wait_for(NAME, "ready", minutes=20)
    running.wait_for("development", "ready", minutes=20)
    for resource in ready["resources"]:
        if resource["state"] != "there":
            fact("in Azure", f"{resource['id'].rsplit('/', 1)[1]:<28}{resource['state']}")
    found = running.api("savings")
    (row,) = (r for r in found["value"] if r["environment"] == NAME)
    amount, day = row["estimate"]["amount"], found["prices"]["as_of"]
    fact("saved", f"{row['hours_asleep']} h asleep, {amount} EUR at the list prices of {day}")


def bodies(running: Stack) -> dict[str, Any]:
    """Return every resource with its whole body, but for what time alone moves."""
    return {row["id"].lower(): still(row) for row in running.azure("GET", "resources")}


def still(value: Any) -> Any:
    """Return a body without what time alone moves."""
    if isinstance(value, dict):
        return {
            name: still(content)
            for name, content in value.items()
            if name not in MOVED and not name.endswith(("Date", "Time"))
        }
    return [still(item) for item in value] if isinstance(value, list) else value
