"""First act: the life of one preview, from opened to nothing left."""

from datetime import datetime
from typing import Any

from local.demo.telling import fact, line, say, scene
from local.outside import Broken, Stack, event, run

NUMBER, NAME = 7, "pr-7-rewards-api"
FIRST, SECOND = (
    "4f2c9e1ab07d3c5586e1f0a9d2b47c6835e0d1fa",
    "b81d07c3e95a2f6440c7d8e1b3a5f29617c4d0e2",
)


def play(running: Stack) -> None:
    """Tell the story in its six scenes."""
    opened(running)
    built(running)
    pushed(running)
    closed(running)
    told(running)
    trail(running)


def opened(running: Stack) -> None:
    """A pull request opens; its preview waits for its image, and says so."""
    scene("A pull request opens")
    running.deliver("pull_request", event("opened", NUMBER, FIRST, "2026-03-02T09:00:00Z"))
    running.advance("PT1M")
    found = running.api(f"environments/{NAME}")
    fact("preview", f"{found['name']} is {found['phase']}")
    for condition in found["conditions"]:
        fact("it says", condition["message"])


def built(running: Stack) -> None:
    """The build ends well; minutes later the preview answers over HTTP."""
    scene("Its image is built")
    running.deliver("workflow_run", run(FIRST))
    ready = running.wait_for(NAME, "ready")
    open_preview(running, ready, FIRST)
    for resource in ready["resources"]:
        fact("in Azure", f"{resource['type']}  {resource['id'].rsplit('/', 1)[1]}")
    fact("expires", ready["expires_at"])


def pushed(running: Stack) -> None:
    """A push: the same address, the new commit, the database filled anew."""
    scene("A push")
    running.deliver("pull_request", event("synchronize", NUMBER, SECOND, "2026-03-02T09:30:00Z"))
    running.deliver("workflow_run", run(SECOND))
    open_preview(running, running.wait_for(NAME, "ready"), SECOND)


def closed(running: Stack) -> None:
    """The pull request closes; two listings prove that nothing is left, and nothing comes back."""
    scene("The pull request closes")
    running.deliver(
        "pull_request", event("closed", NUMBER, SECOND, "2026-03-02T10:00:00Z", state="closed")
    )
    gone = running.wait_for(NAME, "gone")
    fact("preview", f"{gone['name']} is {gone['phase']}")
    left = running.previews()
    if left:
        raise Broken(f"left in Azure: {left}")
    fact("in Azure", "nothing is left")
    running.deliver("pull_request", event("synchronize", NUMBER, FIRST, "2026-03-02T09:15:00Z"))
    running.advance("PT2M")
    late = running.api(f"environments/{NAME}")
    if late["phase"] != "gone":
        raise Broken("a late delivery brought the preview back")
    fact("late push", "a delivery from before the close changes nothing")


def told(running: Stack) -> None:
    """What GitHub heard meanwhile."""
    scene("What GitHub was told")
    sent = running.github("GET", "requests")
    for request in sent:
        body = request["body"] or {}
        if request["path"].endswith("/deployments") and request["method"] == "POST":
            fact("deployment", f"of {body['ref'][:12]} to {body['environment']}")
        if request["path"].endswith("/statuses") and request["method"] == "POST":
            where = f"  {body['environment_url']}" if "environment_url" in body else ""
            fact(body["state"], body["description"] + where)


def trail(running: Stack) -> None:
    """The audit trail as a timeline, and whether its chain holds."""
    scene("The trail")
    shown = ""
    for record in running.api(f"audit?environment={NAME}")["value"]:
        when = f"{datetime.fromisoformat(record['at']):%H:%M}"
        if record["event"] == "requested":
            say("")
            shown = ""
        say(f"  {when if when != shown else '     '}  {line(record)}")
        shown = when
    verified = running.api("audit/verify")
    if not verified["valid"]:
        raise Broken(f"the trail does not verify: {verified}")
    count, chains = verified["records"], verified["chains"]
    say(f"\n  {count} records in {chains} chains: every hash holds", bold=True)


def open_preview(running: Stack, ready: dict[str, Any], sha: str) -> None:
    """Open the preview by HTTP, as a person would, and see that it runs that commit."""
    health = running.http.get(f"{ready['url']}/health")
    page = running.http.get(ready["url"], follow_redirects=True)
    if health.status_code != 200 or page.status_code != 200 or sha not in page.text:
        raise Broken(f"{ready['url']} answers {health.status_code} and {page.status_code}")
    fact("preview", f"{ready['name']} is {ready['phase']} at {ready['url']}")
    fact("opened", f"GET / {page.status_code}, GET /health {health.json()['status']}")
    fact("runs", health.json()["image"])
