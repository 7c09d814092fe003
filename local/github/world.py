"""The world that every endpoint sees: store, clock, and the names of this stack.

Times in what is answered are the app clock's; proofs and tokens live by the machine's
(`authority.py`). Repositories and their names are `repositories.py`'s.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import rsa

from local.clock import Clock
from local.github.answers import Json
from local.github.store import Store
from local.stack import Stack

BOT = "tesoro-xp[bot]"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything an endpoint needs."""

    stack: Stack
    clock: Clock
    store: Store
    app_key: rsa.RSAPublicKey

    @property
    def now(self) -> str:
        """The app clock's time in GitHub's form."""
        return stamp(self.clock.now())

    def installation(self, identity: int) -> Json:
        """Return how an installation stands: since when suspended, how often taken away."""
        return self.store.get("installation", identity) or {"suspended_at": None, "removals": 0}


def stamp(moment: datetime) -> str:
    """Return a moment as GitHub writes it: whole seconds, UTC, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def installation_of(repository: Json) -> int:
    """Return the id of the App's installation on the repository's owner."""
    return installation_on(str(repository["full_name"]).partition("/")[0])


def installation_on(owner: str) -> int:
    """Return the id that an installation on the account has, or would have."""
    return 10_000_000 + account_id(owner) % 80_000_000


def account_id(login: str) -> int:
    """Return the id of an account: always the same for the same name."""
    return 1_000_000 + zlib.crc32(login.lower().encode()) % 200_000_000


def account(stack: Stack, login: str) -> Json:
    """Return an account as it stands inside other objects."""
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {
        "login": login,
        "id": account_id(login),
        "type": kind,
        "url": f"{stack.github}/users/{login}",
        "html_url": f"https://github.com/{login}",
        "site_admin": False,
    }


def integration(stack: Stack) -> Json:
    """Return the App as it stands inside what it made."""
    identity = stack.github_app_id
    return {
        "id": int(identity) if identity.isdecimal() else identity,
        "slug": "tesoro-xp",
        "name": "Tesoro XP",
        "owner": account(stack, "tesoro"),
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
