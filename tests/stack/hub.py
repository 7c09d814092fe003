"""Speaking to the simulated GitHub as the App does: its proof, its tokens, its calls."""

import time
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from local.keys import new_key
from local.stack import Stack

REPOSITORY = "/repos/tesoro/rewards-api"
SHA = "a" * 40


class Hub:
    """A client with the App's key."""

    def __init__(self, client: httpx.Client, stack: Stack, key: RSAPrivateKey) -> None:
        self.client, self.stack, self._key = client, stack, key

    def proof(self, **claims: Any) -> str:
        """Return the App's JWT; given claims win, None leaves one out."""
        now = int(time.time())
        usual = {"iat": now - 60, "exp": now + 540, "iss": self.stack.github_app_id}
        held = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(held, self._key, "RS256")

    def forged(self) -> str:
        """Return a JWT that another key signed."""
        now = int(time.time())
        held = {"iat": now - 60, "exp": now + 540, "iss": self.stack.github_app_id}
        return jwt.encode(held, new_key(), "RS256")

    def as_app(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call with the App's own proof."""
        return self.call(method, path, token=self.proof(), **options)

    def token(self, **narrowed: Any) -> str:
        """Return an installation token for the default repository's installation."""
        installed = self.as_app("GET", f"{REPOSITORY}/installation").json()
        made = self.as_app(
            "POST", f"/app/installations/{installed['id']}/access_tokens", json=narrowed
        )
        assert made.status_code == 201, made.text
        return str(made.json()["token"])

    def call(self, method: str, path: str, *, token: str, **options: Any) -> httpx.Response:
        """Call with a token."""
        headers = {"authorization": f"Bearer {token}", **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options)

    def put(self, what: str, body: Any) -> Any:
        """State what GitHub has."""
        answer = self.client.put(f"/_local/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def deliver(self, event: str, payload: Any, **options: Any) -> httpx.Response:
        """Order a delivery; by default one that is lost on its way."""
        body = {"event": event, "payload": payload, "drop": True, **options}
        return self.client.post("/_local/deliver", json=body)

    def happen(self, event: str, action: str, **payload: Any) -> None:
        """Deliver an event that is lost on its way, but true."""
        assert self.deliver(event, {"action": action, **payload}).status_code == 200

    def move(self, action: str, number: int = 7, **pull: Any) -> None:
        """Deliver a `pull_request` event of the default repository."""
        payload = {
            "action": action,
            "pull_request": {"number": number, **pull},
            "repository": {"id": 1296269, "full_name": "tesoro/rewards-api"},
        }
        assert self.deliver("pull_request", payload).status_code == 200

    def pull(self, number: int = 7) -> Any:
        """Return the stored pull request; None where GitHub has none."""
        found = self.client.get("/_local/pulls").json()
        return next((one for one in found if one["number"] == number), None)
