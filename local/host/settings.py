"""App settings, asked as the host asks: without regard to case, `:` and `__` being one.

A trigger names settings in three ways: `%NAME%` in the middle of a text, `connection="Storage"`,
and `AzureWebJobs.<function>.Disabled`. Each has its own rule for what is missing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

STORAGE = "Storage"
_MARK = re.compile(r"%([^%]*)%")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionString:
    """Storage reached with the account's key."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Storage reached as the app's own identity."""

    service_uri: str


Connection = ConnectionString | Identity


class Settings:
    """App settings: the process environment, or any mapping."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Take the values as they are now."""
        self._values = {_key(name): value for name, value in values.items()}

    def get(self, name: str) -> str | None:
        """Return the setting's value; None where it is missing."""
        return self._values.get(_key(name))

    def under(self, prefix: str) -> dict[str, str]:
        """Return every setting that begins with `prefix`, without it, lower-cased, `:` inside."""
        start = _key(prefix)
        return {k.removeprefix(start): v for k, v in self._values.items() if k.startswith(start)}

    def resolve(self, text: str) -> str:
        """Replace each `%NAME%` by its setting; ValueError where one is missing or unclosed."""

        def value_of(mark: re.Match[str]) -> str:
            value = self.get(mark[1])
            if not mark[1] or value is None:
                raise ValueError(f"{text!r}: there is no setting named {mark[1]!r}")
            return value

        if text.count("%") % 2:
            raise ValueError(f"{text!r}: a % is not closed")
        return _MARK.sub(value_of, text)

    def connection(self, name: str, *, service: str) -> Connection:
        """Return how to reach `service` ("queue" or "blob"); ValueError where nothing says.

        `X` is looked up as `AzureWebJobsX`, then as `X`; blank means the host's own storage.
        """
        label = name or STORAGE
        for key in (f"AzureWebJobs{label}", label):
            value = self.get(key) or self.get(f"ConnectionStrings:{key}")
            if value:
                return ConnectionString(text=value)
            uri = self._service_uri(key, service)
            if uri:
                return Identity(service_uri=uri)
        raise ValueError(f"there is no connection: neither AzureWebJobs{label} nor {label} is set")

    def _service_uri(self, key: str, service: str) -> str | None:
        given = self.get(f"{key}:{service}ServiceUri") or self.get(f"{key}:serviceUri")
        account = self.get(f"{key}:accountName")
        return given or (f"https://{account}.{service}.core.windows.net" if account else None)

    def is_disabled(self, function: str) -> bool:
        """Say whether a setting turns the function off."""
        names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
        return any((self.get(name) or "").lower() in ("1", "true") for name in names)


def _key(name: str) -> str:
    return name.lower().replace("__", ":")
