"""The host's half of starting: what the platform itself asks of each function.

A function that breaks a rule is skipped and its errors are kept for
`/admin/functions/{name}/status`; the others run. Only a route that ASP.NET cannot build stops the
whole host, as it does on Azure. Functions end up sorted by name, which is also the order in which
routes are tried.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from local.host import ncrontab, routing
from local.host.config import HostJson, HostRefused
from local.host.durations import time_span
from local.host.functions import Accepted, Function, Http, Level, Queue, Retry, Timer
from local.host.loading import RETURN, Indexed
from local.host.settings import Settings

_FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,127}")
_BINDING_NAME = re.compile(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*")
_QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*")
_KNOWN = {"httpTrigger", "http", "queueTrigger", "timerTrigger"}


def accept(indexed: Sequence[Indexed], config: HostJson, settings: Settings) -> Accepted:
    """Return the functions the host runs and the faults of the others; HostRefused for a route."""
    functions: list[Function] = []
    faults: dict[str, tuple[str, ...]] = {}
    for one in sorted(indexed, key=lambda f: f.name.lower()):
        errors = [*_name_faults(one, indexed), *_binding_faults(one)]
        try:
            if not errors:
                function = _function(one, config, settings)
                errors = [*_conflicts(function, functions)]
        except ValueError as problem:
            errors = [str(problem)]
        if errors:
            faults[one.name] = (*faults.get(one.name, ()), *errors)
        else:
            functions.append(function)
    return Accepted(functions=tuple(functions), indexed=tuple(indexed), faults=faults)


def _name_faults(one: Indexed, all_of_them: Sequence[Indexed]) -> Iterable[str]:
    if not _FUNCTION_NAME.fullmatch(one.name) or one.name.lower() == "host":
        yield f"{one.name!r} is not a function name"
    if sum(other.name.lower() == one.name.lower() for other in all_of_them) > 1:
        yield f"another function is named {one.name!r}, ignoring case"


def _binding_faults(one: Indexed) -> Iterable[str]:
    names = [binding["name"] for binding in one.bindings]
    if len({name.lower() for name in names}) != len(names):
        yield f"two bindings share a name, ignoring case: {', '.join(names)}"
    for binding in one.bindings:
        if binding["name"] != RETURN and not _BINDING_NAME.fullmatch(binding["name"]):
            yield f"{binding['name']!r} is not a binding name"
        if binding["type"] not in _KNOWN:
            yield f"this host does not know the binding type {binding['type']!r}"
    if sum(binding["type"].endswith("Trigger") for binding in one.bindings) != 1:
        yield "a function has exactly one trigger"


def _function(one: Indexed, config: HostJson, settings: Settings) -> Function:
    trigger = one.trigger
    bound: Http | Queue | Timer
    match trigger["type"]:
        case "httpTrigger":
            bound = _http(one.name, trigger, config)
        case "queueTrigger":
            bound = _queue(trigger, config, settings)
        case _:
            bound = _timer(one, settings)
    if one.retry is not None and not isinstance(bound, Timer):
        raise ValueError("a retry policy is supported on timers alone")
    return Function(indexed=one, trigger=bound, is_disabled=settings.is_disabled(one.name))


def _http(name: str, trigger: Mapping[str, Any], config: HostJson) -> Http:
    route = trigger.get("route") or name
    # The beginning of the text decides, so that `administrators` is refused as well.
    if route.lower().startswith(("admin", "runtime")):
        raise ValueError(f"route {route!r} begins with a word that the host keeps for itself")
    try:
        # A leading slash makes `api//x`, an empty segment.
        template = routing.parse("/".join(filter(None, (config.route_prefix, route))))
    except ValueError as problem:
        raise HostRefused(f"{name}: {problem}") from problem
    return Http(
        route=route,
        template=template,
        methods=frozenset(str(method).upper() for method in trigger.get("methods") or ()),
        level=Level(str(trigger.get("authLevel", "FUNCTION")).upper()),
    )


def _queue(trigger: Mapping[str, Any], config: HostJson, settings: Settings) -> Queue:
    if not config.has_bundle:
        raise ValueError("host.json has no extensionBundle: the type queueTrigger is unknown")
    queue = settings.resolve(trigger["queueName"]).lower()
    if not _QUEUE_NAME.fullmatch(queue):
        raise ValueError(f"{queue!r} is not a queue name")
    label = settings.resolve(trigger.get("connection") or "")
    return Queue(queue=queue, connection=settings.connection(label, service="queue"))


def _timer(one: Indexed, settings: Settings) -> Timer:
    schedule = ncrontab.parse(settings.resolve(one.trigger["schedule"]))
    settings.connection("", service="blob")  # the status lives in the host's own storage
    is_monitored = one.trigger.get("useMonitor", True) and not ncrontab.is_sub_minute(schedule)
    return Timer(
        schedule=schedule,
        is_monitored=bool(is_monitored),
        run_on_startup=bool(one.trigger.get("runOnStartup", False)),
        retry=_retry(one.retry) if one.retry else None,
    )


def _retry(policy: Mapping[str, Any]) -> Retry:
    def interval(name: str) -> timedelta:
        if not policy.get(name):
            raise ValueError(f"the retry policy has no {name}")
        return time_span(policy[name])

    match policy.get("strategy"):
        case "fixed_delay":
            shortest = longest = interval("delay_interval")
        case "exponential_backoff":
            shortest, longest = interval("minimum_interval"), interval("maximum_interval")
        case other:
            raise ValueError(f"there is no retry strategy {other!r}")
    return Retry(most=int(policy["max_retry_count"]), shortest=shortest, longest=longest)


def _conflicts(function: Function, earlier: Sequence[Function]) -> Iterable[str]:
    if not isinstance(function.trigger, Http):
        return
    for other in earlier:
        if not isinstance(other.trigger, Http):
            continue
        mine, theirs = function.trigger, other.trigger
        overlap = not mine.methods or not theirs.methods or mine.methods & theirs.methods
        if mine.route.lower() == theirs.route.lower() and overlap:
            yield f"route {mine.route!r} is taken by {other.name}"
