"""host.json, with its defaults and with what the environment overrides.

Every value is flattened to a path such as `extensions:queues:batchsize`, lower case: so a setting
`AzureFunctionsJobHost__extensions__queues__batchSize` simply replaces one line. A file that Azure
would refuse is refused here, before anything runs.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from local.host.durations import time_span
from local.host.settings import Settings

_INVISIBLE = timedelta(minutes=10)


class HostRefused(Exception):
    """The host will not start at all, and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """How queues are listened to; one set of values for the whole app.

    `invisible_for` is not a setting: the listener takes messages for ten minutes and renews at
    half. Tests shorten it.
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True
    invisible_for: timedelta = _INVISIBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class HostJson:
    """What host.json says. `function_timeout` None means no limit."""

    route_prefix: str
    function_timeout: timedelta | None
    queues: QueueOptions
    log_levels: dict[str, str]
    has_bundle: bool


def read(folder: Path, settings: Settings) -> HostJson:
    """Return the configuration of the app in `folder`; HostRefused where Azure would refuse it."""
    values = _values(folder / "host.json") | settings.under("AzureFunctionsJobHost__")
    if values.get("version") != "2.0":
        raise HostRefused(f"host.json: version is {values.get('version')!r}, it must be '2.0'")
    try:
        return HostJson(
            route_prefix=values.get("extensions:http:routeprefix", "api").strip("/"),
            function_timeout=_limit(values.get("functiontimeout", "00:30:00")),
            queues=_queue_options(values, settings),
            log_levels=_log_levels(values),
            has_bundle=bool(
                values.get("extensionbundle:id") and values.get("extensionbundle:version")
            ),
        )
    except ValueError as problem:
        raise HostRefused(f"host.json: {problem}") from problem


def _values(path: Path) -> dict[str, str]:
    if not path.exists():
        return {"version": "2.0"}
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except ValueError as problem:
        raise HostRefused(f"{path.name} is not JSON: {problem}") from problem
    if not isinstance(document, dict):
        raise HostRefused(f"{path.name} is not a JSON object")
    return dict(_flat("", document))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flat(f"{prefix}:{key}".lstrip(":").lower(), inner)
        case list():
            for index, inner in enumerate(value):
                yield from _flat(f"{prefix}:{index}", inner)
        case None:
            return
        case _:
            yield prefix, str(value)


def _limit(text: str) -> timedelta | None:
    return None if text.strip() == "-1" else time_span(text)


def _queue_options(values: dict[str, str], settings: Settings) -> QueueOptions:
    def given(name: str, default: str) -> str:
        return values.get(f"extensions:queues:{name.lower()}", default)

    development = settings.get("AZURE_FUNCTIONS_ENVIRONMENT") == "Development"
    batch = _whole("batchSize", given("batchSize", "16"), 1, 32)
    threshold = given("newBatchThreshold", str(batch // 2 * (os.cpu_count() or 1)))
    encoding = given("messageEncoding", "base64").lower()
    if encoding not in ("base64", "none"):
        raise ValueError(f"messageEncoding {encoding!r} is neither base64 nor none")
    longest = time_span(
        given("maxPollingInterval", "00:00:02" if development else "00:01:00"),
    )
    if longest < timedelta(milliseconds=100):
        raise ValueError("maxPollingInterval is shorter than 00:00:00.100")
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=_whole("newBatchThreshold", threshold, 0, 1000),
        max_dequeue_count=_whole("maxDequeueCount", given("maxDequeueCount", "5"), 1, 1_000_000),
        visibility_timeout=time_span(given("visibilityTimeout", "00:00:00")),
        max_polling_interval=longest,
        base64=encoding == "base64",
    )


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not text.isdigit() or not least <= int(text) <= most:
        raise ValueError(f"{name} is {text}, not a whole number from {least} to {most}")
    return int(text)


def _log_levels(values: dict[str, str]) -> dict[str, str]:
    start = "logging:loglevel:"
    return {k.removeprefix(start): v for k, v in values.items() if k.startswith(start)}
