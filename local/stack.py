"""What the processes of one local stack know of each other: ports, secrets, places.

`local/up.py` decides these once, writes them to `stack.json` in the state folder, and starts every
part with nothing but `--state FOLDER`. A second start with the same folder reads the same values,
so that addresses and secrets outlive a restart.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "stack.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One local stack. Ports are on 127.0.0.1."""

    held: bool
    app_port: int
    azure_port: int
    containers_port: int
    github_port: int
    issuer_port: int
    blob_port: int
    queue_port: int
    table_port: int
    webhook_secret: str
    alerts_key: str
    master_key: str
    identity_header: str
    storage_key: str
    preview_key: str
    subscription: str
    tenant: str
    github_app_id: str

    @property
    def app(self) -> str:
        """The Functions host."""
        return f"http://127.0.0.1:{self.app_port}"

    @property
    def azure(self) -> str:
        """Azure Resource Manager and the simulator's own calls."""
        return f"https://127.0.0.1:{self.azure_port}"

    @property
    def containers(self) -> str:
        """Where containers that "run" answer over HTTP."""
        return f"http://127.0.0.1:{self.containers_port}"

    @property
    def github(self) -> str:
        """GitHub's REST API."""
        return f"http://127.0.0.1:{self.github_port}"

    @property
    def issuer(self) -> str:
        """Entra ID, GitHub Actions' issuer, and the managed-identity endpoint."""
        return f"http://127.0.0.1:{self.issuer_port}"

    @property
    def storage(self) -> str:
        """Azurite's connection string."""
        account = "devstoreaccount1"
        places = (("Blob", self.blob_port), ("Queue", self.queue_port), ("Table", self.table_port))
        ends = ";".join(f"{n}Endpoint=http://127.0.0.1:{p}/{account}" for n, p in places)
        return (
            f"DefaultEndpointsProtocol=http;AccountName={account};"
            f"AccountKey={self.storage_key};{ends};"
        )

    def write(self, state: Path) -> None:
        """Save to the state folder, readable by its owner alone."""
        # The whole file or none: a start killed here must not leave half a stack behind.
        draft = state / f"{FILE}.draft"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=1))
        draft.replace(state / FILE)

    @staticmethod
    def read(state: Path) -> "Stack":
        """Return the stack saved in `state`."""
        return Stack(**json.loads((state / FILE).read_text()))


def certificates(state: Path) -> tuple[Path, Path, Path]:
    """Return where the authority, the server's certificate chain and its key lie."""
    return state / "ca.pem", state / "azure.pem", state / "azure.key"


def github_app_key(state: Path) -> Path:
    """Return where the GitHub App's private key lies (PEM); its public half is beside it."""
    return state / "github-app.pem"


def issuer_key(state: Path) -> Path:
    """Return where Entra ID's signing key lies (PEM); its public half is beside it."""
    return state / "issuer.pem"


def actions_key(state: Path) -> Path:
    """Return where GitHub Actions' signing key lies (PEM); its public half is beside it."""
    return state / "actions.pem"


def public_half(private: Path) -> Path:
    """Return where the public half of the key at `private` lies (PEM)."""
    return private.with_suffix(".pub")
