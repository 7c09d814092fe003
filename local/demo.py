"""`python -m local.demo`: the life of one preview, told as it happens.

Starts the local stack in a scratch folder with a held clock and drives it from outside, by the
calls that GitHub, a developer and Azure would make: nothing here reaches into the app. Ends with
the proof that nothing is left, and with the audit trail. Exits 1 where the story does not hold.
"""

import json
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
START = "2026-03-02T09:00:00Z"
NUMBER, NAME = 7, "pr-7-rewards-api"
REPOSITORY = {"id": 1296269, "full_name": "tesoro/rewards-api"}
FIRST, SECOND = (
    "4f2c9e1ab07d3c5586e1f0a9d2b47c6835e0d1fa",
    "b81d07c3e95a2f6440c7d8e1b3a5f29617c4d0e2",
)


class Broken(Exception):
    """The story did not go as it must."""


@dataclass(frozen=True)
class Stack:
    """A running stack, and somebody who may read what the control plane knows."""

    ready: dict[str, Any]
    http: httpx.Client
    reader: dict[str, str]

    def api(self, path: str) -> Any:
        """Return what the app's API answers."""
        answer = self.http.get(f"{self.ready['app']}/api/{path}", headers=self.reader)
        if answer.status_code >= 400:
            raise Broken(f"GET /api/{path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def deliver(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Have GitHub send a delivery; it must be accepted."""
        body = {"event": event, "payload": payload}
        answer = self.http.post(f"{self.ready['github']}/_local/deliver", json=body).json()
        if answer.get("status") != 202:
            raise Broken(f"the delivery of {event} was answered {answer}")
        return dict(answer)

    def advance(self, duration: str) -> None:
        """Let app time pass, with every timer and everything that follows."""
        url = f"{self.ready['azure']}/_local/clock"
        self.http.post(url, json={"advance": duration}).raise_for_status()

    def wait_for(self, phase: str, minutes: int = 15) -> dict[str, Any]:
        """Let minutes pass until the preview is in that phase."""
        for _ in range(minutes):
            self.advance("PT1M")
            found = self.api(f"environments/{NAME}")
            if found["phase"] == phase:
                return dict(found)
        raise Broken(f"{NAME} is {found['phase']}, not {phase}: {json.dumps(found, indent=1)}")


def main() -> int:
    """Play the demo; return the exit status."""
    say("Tesoro XP control plane: one pull request, from opened to nothing left")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tesoro-demo-") as folder,
            stack(folder) as started,
        ):
            play(started)
    except Broken as broken:
        say(f"\nThe story does not hold: {broken}", bold=True)
        return 1
    return 0


def play(stack: Stack) -> None:
    """Tell the story in its six scenes."""
    opened(stack)
    built(stack)
    pushed(stack)
    closed(stack)
    told(stack)
    trail(stack)


def opened(stack: Stack) -> None:
    """A pull request opens; its preview waits for its image, and says so."""
    scene("A pull request opens")
    stack.deliver("pull_request", event("opened", FIRST, "2026-03-02T09:00:00Z"))
    stack.advance("PT1M")
    found = stack.api(f"environments/{NAME}")
    fact("preview", f"{found['name']} is {found['phase']}")
    for condition in found["conditions"]:
        fact("it says", condition["message"])


def built(stack: Stack) -> None:
    """The build ends well; minutes later the preview answers over HTTP."""
    scene("Its image is built")
    stack.deliver("workflow_run", run(FIRST))
    ready = stack.wait_for("ready")
    open_preview(stack, ready, FIRST)
    for resource in ready["resources"]:
        fact("in Azure", f"{resource['type']}  {resource['id'].rsplit('/', 1)[1]}")
    fact("expires", ready["expires_at"])


def pushed(stack: Stack) -> None:
    """A push: the same address, the new commit, the database filled anew."""
    scene("A push")
    stack.deliver("pull_request", event("synchronize", SECOND, "2026-03-02T09:30:00Z"))
    stack.deliver("workflow_run", run(SECOND))
    open_preview(stack, stack.wait_for("ready"), SECOND)


def closed(stack: Stack) -> None:
    """The pull request closes; two listings prove that nothing is left, and nothing comes back."""
    scene("The pull request closes")
    stack.deliver("pull_request", event("closed", SECOND, "2026-03-02T10:00:00Z", state="closed"))
    gone = stack.wait_for("gone")
    fact("preview", f"{gone['name']} is {gone['phase']}")
    left = stack.http.get(f"{stack.ready['azure']}/_local/resources").json()
    if left:
        raise Broken(f"left in Azure: {left}")
    fact("in Azure", "nothing is left")
    stack.deliver("pull_request", event("synchronize", FIRST, "2026-03-02T09:15:00Z"))
    stack.advance("PT2M")
    late = stack.api(f"environments/{NAME}")
    if late["phase"] != "gone":
        raise Broken("a late delivery brought the preview back")
    fact("late push", "a delivery from before the close changes nothing")


def told(stack: Stack) -> None:
    """What GitHub heard meanwhile."""
    scene("What GitHub was told")
    sent = stack.http.get(f"{stack.ready['github']}/_local/requests").json()
    for request in sent:
        body = request["body"] or {}
        if request["path"].endswith("/deployments") and request["method"] == "POST":
            fact("deployment", f"of {body['ref'][:12]} to {body['environment']}")
        if request["path"].endswith("/statuses") and request["method"] == "POST":
            where = f"  {body['environment_url']}" if "environment_url" in body else ""
            fact(body["state"], body["description"] + where)


def trail(stack: Stack) -> None:
    """The audit trail as a timeline, and whether its chain holds."""
    scene("The trail")
    before = ""
    for record in stack.api(f"audit?environment={NAME}")["value"]:
        if record["cause"] != before:
            before = record["cause"]
            say(f"\n  because of {before}")
        when = datetime.fromisoformat(record["at"])
        say(f"    {when:%H:%M}  {record['text']}")
    verified = stack.api("audit/verify")
    if not verified["valid"]:
        raise Broken(f"the trail does not verify: {verified}")
    say(
        f"\n  {verified['records']} records in {verified['chains']} chains: every hash holds",
        bold=True,
    )


def open_preview(stack: Stack, ready: dict[str, Any], sha: str) -> None:
    """Open the preview by HTTP, as a person would, and see that it runs that commit."""
    health = stack.http.get(f"{ready['url']}/health")
    page = stack.http.get(ready["url"], follow_redirects=True)
    if health.status_code != 200 or page.status_code != 200 or sha not in page.text:
        raise Broken(f"{ready['url']} answers {health.status_code} and {page.status_code}")
    fact("preview", f"{ready['name']} is {ready['phase']} at {ready['url']}")
    fact("opened", f"GET / {page.status_code}, GET /health {health.json()['status']}")
    fact("runs", health.json()["image"])


@contextmanager
def stack(folder: str) -> Iterator[Stack]:
    """Start the stack in `folder`; end it, and everything it started, on the way out."""
    command = [sys.executable, "-m", "local", "up", "--state", folder, "--port", "0"]
    log = Path(folder, "demo.log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*command, "--clock", f"held={START}"], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise Broken(f"the stack did not start:\n{log.read_text()[-3000:]}")
            ready = json.loads(line)
            with httpx.Client(
                verify=ssl.create_default_context(cafile=ready["ca"]), timeout=120
            ) as http:
                claims = {"oid": "demo", "roles": ["reader"]}
                token = http.post(f"{ready['issuer']}/_local/token", json=claims).json()
                yield Stack(ready, http, {"Authorization": f"Bearer {token['access_token']}"})
        finally:
            process.terminate()
            process.wait(15)


def event(action: str, sha: str, updated_at: str, state: str = "open") -> dict[str, Any]:
    """Return the payload of a `pull_request` event."""
    pull_request = {
        "id": 1_700_000_007,
        "number": NUMBER,
        "state": state,
        "title": "Pay cashback in the currency of the card",
        "draft": False,
        "user": {"login": "ines", "id": 501},
        "head": {"sha": sha, "ref": "card-currency", "repo": REPOSITORY},
        "base": {"sha": "0" * 39 + "1", "ref": "develop", "repo": REPOSITORY},
        "labels": [],
        "created_at": START,
        "updated_at": updated_at,
    }
    return {
        "action": action,
        "number": NUMBER,
        "pull_request": pull_request,
        "repository": REPOSITORY,
        "sender": {"login": "ines", "id": 501},
    }


def run(sha: str) -> dict[str, Any]:
    """Return the payload of a build that ended well."""
    workflow_run = {
        "id": int(sha[:8], 16),
        "name": "build",
        "head_sha": sha,
        "status": "completed",
        "conclusion": "success",
        "event": "pull_request",
        "head_repository": REPOSITORY,
        "repository": REPOSITORY,
    }
    return {"action": "completed", "workflow_run": workflow_run, "repository": REPOSITORY}


def scene(title: str) -> None:
    """Print a scene's title."""
    say(f"\n{title}", bold=True)


def fact(name: str, text: str) -> None:
    """Print something that was seen."""
    say(f"  {name:<12}{text}")


def say(text: str, *, bold: bool = False) -> None:
    """Print a line, in bold where a person looks at a terminal."""
    shown = f"\033[1m{text}\033[0m" if bold and sys.stdout.isatty() else text
    sys.stdout.write(shown + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
