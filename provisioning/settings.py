"""Everything that can be set, read once from the environment.

`Settings.from_env()` names every missing or malformed setting at once. Nothing else in the app
reads the environment. `_read` says which variable each field comes from; a test holds that each
stands in `local.settings.sample.json` and in `docs/settings.md`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from provisioning.errors import SettingsError
from provisioning.store.connection import Connection

ROOT = Path(__file__).resolve().parent.parent

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HOST = re.compile(
    r"(https://[a-z0-9-]+(\.[a-z0-9-]+)*|http://127\.0\.0\.1)(:(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True)
class Issuer:
    """Whose tokens are believed: the issuer, where its keys are, and the audience that is ours."""

    issuer: str
    keys: str
    audience: str
    tenant: str | None = None


@dataclass(frozen=True)
class Settings:
    """The settings of one deployment; secrets never appear in its text."""

    storage: Connection
    public_url: str
    catalog: Path
    subscription: str
    resource_manager: str
    client_id: str | None
    github_url: str
    github_app_id: str
    github_key: str
    webhook_secrets: tuple[bytes, ...]
    entra: Issuer
    actions: Issuer
    logs_url: str
    service_url: str
    preview_url: str
    preview_key: bytes
    registry_login: tuple[str, str] | None
    urgent_client_id: str | None = None
    registry_url: str | None = None

    def __repr__(self) -> str:
        return f"Settings(public_url={self.public_url!r}, subscription={self.subscription!r})"

    @staticmethod
    def from_env(env: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings in `env` (the process's own by default).

        Raises SettingsError with one sentence for each fault.
        """
        reader = _Reader(os.environ if env is None else env)  # noqa: TID251 - the one place
        settings = _read(reader)
        if reader.faults:
            raise SettingsError(reader.faults)
        return settings


def _read(take: "_Reader") -> Settings:
    tenant = take.guid("AZURE_TENANT_ID")
    return Settings(
        storage=take.storage("ControlStorage"),
        public_url=take.url("PUBLIC_URL").rstrip("/"),
        catalog=take.file("CATALOG_FILE", ROOT / "environments.toml"),
        subscription=take.guid("AZURE_SUBSCRIPTION_ID"),
        resource_manager=take.url("AZURE_RESOURCE_MANAGER_URL", "https://management.azure.com"),
        client_id=take.maybe("AZURE_CLIENT_ID"),
        github_url=take.url("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        github_app_id=take.text("GITHUB_APP_ID"),
        github_key=take.pem("GITHUB_APP_PRIVATE_KEY"),
        webhook_secrets=take.secrets("GITHUB_WEBHOOK_SECRET", "GITHUB_WEBHOOK_SECRET_PREVIOUS"),
        entra=Issuer(
            issuer=take.url("ENTRA_ISSUER", f"https://login.microsoftonline.com/{tenant}/v2.0"),
            keys=take.url(
                "ENTRA_JWKS_URL",
                f"https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys",
            ),
            audience=take.text("ENTRA_AUDIENCE"),
            tenant=tenant,
        ),
        actions=Issuer(
            issuer=take.url("ACTIONS_ISSUER", "https://token.actions.githubusercontent.com"),
            keys=take.url(
                "ACTIONS_JWKS_URL",
                "https://token.actions.githubusercontent.com/.well-known/jwks",
            ),
            audience=take.text("ACTIONS_AUDIENCE"),
        ),
        logs_url=take.url("AZURE_LOGS_URL", "https://api.loganalytics.io/v1"),
        service_url=take.template("SERVICE_URL", "https://{fqdn}"),
        preview_url=take.template("PREVIEW_URL", "http://{fqdn}:{port}"),
        preview_key=take.key("PREVIEW_KEY"),
        registry_login=take.login("REGISTRY_USERNAME", "REGISTRY_PASSWORD"),
        urgent_client_id=take.maybe("AZURE_URGENT_CLIENT_ID"),
        registry_url=take.host("REGISTRY_URL"),
    )


class _Reader:
    """Reads one variable after another and keeps what is wrong."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.faults: list[str] = []

    def maybe(self, name: str) -> str | None:
        value = self._env.get(name, "").strip()
        return value or None

    def text(self, name: str, default: str | None = None) -> str:
        value = self.maybe(name) or default
        if value is None:
            self.faults.append(f"{name} is missing; set it in the app settings")
            return ""
        return value

    def guid(self, name: str) -> str:
        value = self.text(name)
        if value and not _GUID.fullmatch(value):
            self.faults.append(f"{name} must be a GUID, such as one `az account show` prints")
        return value

    def url(self, name: str, default: str | None = None) -> str:
        value = self.text(name, default)
        if value and not _is_address(value):
            self.faults.append(f"{name} must be an absolute http or https address")
        return value

    def host(self, name: str) -> str | None:
        """Take a host that a login is sent to: encrypted, unless it stays on this machine."""
        value = self.maybe(name)
        if value is None:
            return None
        value = value.rstrip("/").lower()
        found = _HOST.fullmatch(value)
        if found is None or int(found["port"] or 0) > 65535:
            self.faults.append(f"{name} must be https and a host alone, such as https://ghcr.io")
        return value

    def template(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if "{fqdn}" not in value:
            self.faults.append(f"{name} must contain {{fqdn}}, and may contain {{port}}")
        return value

    def file(self, name: str, default: Path) -> Path:
        path = Path(self.text(name, str(default)))
        path = path if path.is_absolute() else ROOT / path
        if not path.is_file():
            self.faults.append(f"{name} names {path.name}, which is not a file")
        return path

    def pem(self, name: str) -> str:
        value = self.text(name).replace("\\n", "\n")
        if value and "PRIVATE KEY-----" not in value:
            self.faults.append(f"{name} must be a private key in PEM form (\\n for line ends)")
        return value

    def key(self, name: str) -> bytes:
        value = self.text(name).encode("utf-8")
        if value and len(value) < 32:
            self.faults.append(f"{name} must be at least 32 characters; `openssl rand -hex 32`")
        return value

    def secrets(self, name: str, previous: str) -> tuple[bytes, ...]:
        current = self.text(name).encode("utf-8")
        if current and len(current) < 16:
            self.faults.append(f"{name} must be at least 16 characters; `openssl rand -hex 32`")
        before = self.maybe(previous)
        return (current, before.encode("utf-8")) if before else (current,)

    def login(self, username: str, password: str) -> tuple[str, str] | None:
        user, word = self.maybe(username), self.maybe(password)
        if (user is None) != (word is None):
            missing = username if user is None else password
            self.faults.append(f"{missing} is missing; set both, or neither for a public registry")
        return (user, word) if user is not None and word is not None else None

    def storage(self, name: str) -> Connection:
        text = self.maybe(name)
        if text is not None:
            if "AccountName=" not in text and "UseDevelopmentStorage=true" not in text:
                self.faults.append(f"{name} must be a storage connection string")
            return Connection(text)
        account = self.maybe(f"{name}__accountName")
        addresses = []
        for service in ("blob", "queue", "table"):
            default = f"https://{account}.{service}.core.windows.net" if account else None
            given = self.maybe(f"{name}__{service}ServiceUri") or default
            if given is None:
                self.faults.append(
                    f"{name} is missing; set a connection string, {name}__accountName, "
                    f"or {name}__{service}ServiceUri for an identity-based connection"
                )
                return Connection("")
            addresses.append((service, given))
        return Connection(None, tuple(addresses), self.maybe(f"{name}__clientId"))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # such as half an IPv6 address
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
