"""Fifth act: releases as canaries, judged each minute by what people's requests came to."""

from datetime import datetime, timedelta
from typing import Any

from local.demo.telling import fact, scene
from local.outside import Broken, Stack

NAME, SERVICE = "production", "rewards-api"
APP = "/providers/Microsoft.App/containerApps/rewards-api"
EACH = 60  # requests of each version in a minute
_MOST_MINUTES = 60


def play(running: Stack) -> None:
    """Tell of three releases."""
    scene("Version v2 does well")
    told(running, released(running, "v2"), old="v1", failing=0, ends="promoted")
    scene("Version v3 fails one request in five")
    told(running, released(running, "v3"), old="v2", failing=EACH // 5, ends="rolled_back")
    scene("Version v4 does well, and an alert fires on it")
    release = released(running, "v4")
    while running.api(f"releases/{release}")["weight"] == 0:
        minute(running, "v4", old="v2", failing=0)
    resources = [r["id"] for r in running.azure("GET", "resources")]
    app = next(i for i in resources if i.lower().endswith(APP.lower()) and NAME in i)
    order = {"rule": "balance is slow", "resources": [app], "severity": "Sev1"}
    sent = running.azure("POST", "alerts", json={**order, "condition": "Fired"})
    fact("alert", f"{order['rule']}, answered {sent['status']}")
    told(running, release, old="v2", failing=0, ends="rolled_back", version="v4")
    for alert in running.api("alerts")["value"]:
        if alert["rule"] == order["rule"]:
            fact("it led to", str(alert["reason"]))


def released(running: Stack, version: str) -> str:
    """Ask for a release; return its id."""
    wish = {"environment": NAME, "service": SERVICE, "version": version, "strategy": "canary"}
    answer = running.ask("POST", "releases", "operator", json=wish)
    if answer.status_code != 202:
        raise Broken(f"the release of {version} was answered {answer.status_code}: {answer.text}")
    found = str(answer.json()["id"])
    fact("release", found)
    return found


def told(
    running: Stack, release: str, *, old: str, failing: int, ends: str, version: str = ""
) -> None:
    """Let minutes pass until the release ends, and tell each decision that changed something."""
    version = version or str(running.api(f"releases/{release}")["version"])
    for _ in range(_MOST_MINUTES):
        found = running.api(f"releases/{release}")
        if found["status"] in ("promoted", "rolled_back", "failed"):
            break
        minute(running, version, old=old, failing=failing)
    for decision in found["decisions"]:
        if decision["action"] != "hold":
            when = f"{datetime.fromisoformat(decision['at']):%H:%M}"
            fact(when, f"{decision['action']} at {decision['weight']} %: {decision['because']}")
    if found["status"] != ends:
        raise Broken(f"the release of {version} is {found['status']}: {found['because']}")
    fact("it is", f"{found['status']}, {found['weight']} % of the traffic")


def minute(running: Stack, version: str, *, old: str, failing: int) -> None:
    """Let a minute pass with the requests of people to both versions."""
    now = datetime.fromisoformat(running.azure("GET", "clock")["now"])
    rows = [
        *requests(old, now, failing=0),
        *requests(version, now, failing=failing),
    ]
    running.azure("POST", "telemetry", json={"table": "AppRequests", "rows": rows})
    running.advance("PT1M")


def requests(version: str, now: datetime, *, failing: int) -> list[dict[str, Any]]:
    """Return a minute's requests to one version."""
    return [
        {
            "TimeGenerated": (now + number * timedelta(seconds=0.5)).isoformat(),
            "AppRoleName": SERVICE,
            "AppRoleInstance": f"{SERVICE}--{version}-{number % 3}",
            "AppVersion": version,
            "Name": "GET /balance",
            "Success": number >= failing,
            "ResultCode": "200" if number >= failing else "500",
            "DurationMs": 12.5,
            "workspace": f"log-tesoro-{NAME}",
        }
        for number in range(EACH)
    ]
