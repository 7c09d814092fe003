"""The world that every endpoint sees: store, clock, names of this stack, and its repositories.

Times in what is answered are the app clock's; proofs and tokens live by the machine's
(`authority.py`). A repository is known by its id; every name it was ever called by leads to it, as
GitHub redirects the old names of a renamed one.
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
DEFAULT_REPOSITORY = (1296269, "tesoro/rewards-api")


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

    def seed(self) -> None:
        """Make the one repository that is there from the start."""
        identity, name = DEFAULT_REPOSITORY
        if self.store.get("repository", identity) is None:
            with self.store.transaction():
                self.know(identity, name, installed=True)

    def repository(self, name: str) -> Json | None:
        """Return the repository called `owner/name`, in any case of letters."""
        alias = self.store.get("name", name)
        return None if alias is None else self.store.get("repository", alias["id"])

    def know(
        self, identity: int, name: str, *, facts: Json | None = None, installed: bool = False
    ) -> Json:
        """Return the repository, made now if nobody has named it before.

        A second name of a known one becomes another name of it; a name that is taken stays with
        the repository that has it.
        """
        if self.store.get("name", name) is None:
            self.store.put("name", name, {"id": identity})
        known = self.store.get("repository", identity)
        if known is not None:
            return known
        made = {
            "id": identity,
            "full_name": name,
            "installed": installed,
            "object": _described(self.stack, identity, name, facts or {}, now=self.now),
        }
        self.store.put("repository", identity, made)
        return made

    def install(self, repository: Json, *, installed: bool) -> None:
        """Install the App on a repository, or take it away."""
        self.store.put("repository", repository["id"], {**repository, "installed": installed})


def stamp(moment: datetime) -> str:
    """Return a moment as GitHub writes it: whole seconds, UTC, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def installation_of(repository: Json) -> int:
    """Return the id of the App's installation on the repository's owner."""
    owner = str(repository["full_name"]).partition("/")[0]
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


def _described(stack: Stack, identity: int, name: str, facts: Json, *, now: str) -> Json:
    owner, _, short = name.partition("/")
    usual = {
        "id": identity,
        "name": short,
        "full_name": name,
        "private": True,
        "visibility": "private",
        "owner": {**account(stack, owner), "type": "Organization"},
        "html_url": f"https://github.com/{name}",
        "url": f"{stack.github}/repos/{name}",
        "description": None,
        "fork": False,
        "default_branch": "main",
        "archived": False,
        "disabled": False,
        "created_at": now,
        "updated_at": now,
        "pushed_at": now,
    }
    return {**usual, **facts, "id": identity, "full_name": name}
