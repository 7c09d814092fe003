"""What an endpoint is handed: the request, already proven and matched, and where it points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local.github.answers import Answer, Json, Request
from local.github.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call past the door. `repository` is there on every path that names one."""

    world: World
    request: Request
    names: Mapping[str, str] = field(default_factory=dict)
    repository: Json = field(default_factory=dict)

    @property
    def base(self) -> str:
        """Where this GitHub's API is."""
        return self.world.stack.github

    @property
    def home(self) -> int:
        """The id of the repository."""
        return int(self.repository["id"])

    @property
    def place(self) -> str:
        """The address of the repository."""
        return f"{self.base}/repos/{self.repository['full_name']}"

    def number(self, name: str) -> int:
        """Return a number of the path."""
        return int(self.names[name])


Endpoint = Callable[[Call], Answer]
