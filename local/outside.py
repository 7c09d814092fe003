"""A running stack seen from outside: started, driven and ended by the calls of the contract alone.

The demo and the end-to-end tests stand here. Nothing reaches into the app: deliveries come from
the simulated GitHub, time from the simulated Azure, answers from the API.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
START = "2026-03-02T09:00:00Z"
REPOSITORY = {"id": 1296269, "full_name": "tesoro/rewards-api"}


class Broken(Exception):
    """The stack did not do what it must."""


@dataclass(frozen=True)
class Stack:
    """A running stack, and somebody with a role who may ask it things."""

    ready: dict[str, Any]
    http: httpx.Client
    process: subprocess.Popen[bytes]

    def token(self, *roles: str, **claims: Any) -> dict[str, str]:
        """Return the header of somebody with these roles, or of what the claims say."""
        asked = claims or {"oid": "somebody", "roles": list(roles)}
        answer = self.http.post(f"{self.ready['issuer']}/_local/token", json=asked)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def ask(self, method: str, path: str, *roles: str, **given: Any) -> httpx.Response:
        """Return what the app answers to somebody with these roles."""
        headers = {**self.token(*roles), **given.pop("headers", {})}
        url = f"{self.ready['app']}/api/{path}"
        return self.http.request(method, url, headers=headers, **given)

    def api(self, path: str) -> Any:
        """Return what the app's API answers to a reader."""
        answer = self.ask("GET", path, "reader")
        if answer.status_code >= 400:
            raise Broken(f"GET /api/{path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def deliver(self, event: str, payload: dict[str, Any], **given: Any) -> dict[str, Any]:
        """Have GitHub send a delivery; it must be accepted."""
        body = {"event": event, "payload": payload, **given}
        answer = self.http.post(f"{self.ready['github']}/_local/deliver", json=body).json()
        if answer.get("status") != 202:
            raise Broken(f"the delivery of {event} was answered {answer}")
        return dict(answer)

    def azure(self, method: str, path: str, **given: Any) -> Any:
        """Return what the simulated Azure answers to one of its own calls."""
        answer = self.http.request(method, f"{self.ready['azure']}/_local/{path}", **given)
        if answer.status_code >= 400:
            raise Broken(f"{method} /_local/{path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def previews(self) -> list[dict[str, Any]]:
        """Return what is in the simulated Azure beside the environments that were always there."""
        found = self.azure("GET", "resources")
        return [row for row in found if "/rg-tesoro-pr-" in row["id"].lower()]

    def github(self, method: str, path: str, **given: Any) -> Any:
        """Return what the simulated GitHub answers to one of its own calls."""
        answer = self.http.request(method, f"{self.ready['github']}/_local/{path}", **given)
        return answer.json() if answer.content else None

    def advance(self, duration: str) -> None:
        """Let app time pass, with every timer and everything that follows."""
        self.azure("POST", "clock", json={"advance": duration})

    def jump_to(self, clock: str) -> None:
        """Jump to the next such time of day, UTC, as if the stack had been down till then."""
        now = datetime.fromisoformat(self.azure("GET", "clock")["now"])
        hour, minute = clock.split(":")
        then = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        then += timedelta(days=1) if then <= now else timedelta(0)
        self.azure("POST", "clock", json={"jump": f"PT{int((then - now).total_seconds())}S"})

    def wait_for(self, name: str, phase: str, minutes: int = 15) -> dict[str, Any]:
        """Let minutes pass until the environment is in that phase."""
        for _ in range(minutes):
            self.advance("PT1M")
            found = self.api(f"environments/{name}")
            if found["phase"] == phase:
                return dict(found)
        raise Broken(f"{name} is {found['phase']}, not {phase}: {json.dumps(found, indent=1)}")

    def kill(self) -> None:
        """Kill the whole group at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def stack(folder: Path, clock: str = f"held={START}") -> Iterator[Stack]:
    """Start the stack with its state in `folder`; end it, and all it started, on the way out."""
    command = [sys.executable, "-m", "local", "up", "--state", str(folder), "--clock", clock]
    log = folder / "stack.log"
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise Broken(f"the stack did not start:\n{log.read_text()[-3000:]}")
            ready = json.loads(line)
            trust = ssl.create_default_context(cafile=ready["ca"])
            with httpx.Client(verify=trust, timeout=600) as http:
                yield Stack(ready, http, process)
        finally:
            process.terminate()
            process.wait(15)


def event(
    action: str, number: int, sha: str, updated_at: str, state: str = "open"
) -> dict[str, Any]:
    """Return the payload of a `pull_request` event."""
    pull_request = {
        "id": 1_700_000_000 + number,
        "number": number,
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
        "number": number,
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
