"""What a Traffic Manager profile may be.

The rules are those of the specification and of Microsoft's pages on routing methods and endpoint
monitoring; the service answers a bad profile with `BadRequest`.
"""

import ipaddress
import re

from local.azure.arm import Json, Refusal
from local.azure.ids import Id, resource
from local.azure.table import Write
from local.azure.types import facts
from local.azure.world import Resource

METHODS = {
    name.lower(): name
    for name in ("Performance", "Weighted", "Priority", "Geographic", "MultiValue", "Subnet")
}
LEAST, MOST = 1, 1000  # of weights and priorities
_SWITCH = ("Enabled", "Disabled")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([\w-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([\w-]*\w)?)+")


def check(write: Write, body: Json) -> None:
    """Refuse a profile (in the service's spelling) that the service refuses."""
    given = body["properties"]
    if any(":" in name for name in body.get("tags") or {}):
        raise bad("Tag names of a profile may not contain ':'.")
    facts.check_choice(given["profileStatus"], _SWITCH, bad("profileStatus is not valid."))
    if given["trafficRoutingMethod"] not in METHODS.values():
        raise bad("trafficRoutingMethod is not valid.")
    _check_name(write, given["dnsConfig"])
    _check_monitor(given["monitorConfig"])
    rows = given["endpoints"]
    for row in rows:
        _check_endpoint(row)
    for what, values in (
        ("name", [str(row["name"]).lower() for row in rows]),
        ("target", [_target(row) for row in rows]),
        ("priority", [row["properties"]["priority"] for row in rows]),
    ):
        if len(set(values)) < len(values):
            raise bad(f"Two endpoints of the profile have the same {what}.")


def bad(why: str) -> Refusal:
    """Return the service's refusal."""
    return Refusal(400, "BadRequest", why)


def identifier(profile: Resource) -> Id:
    """Return a profile's identifier."""
    return resource(profile.id)


def _check_name(write: Write, dns: Json) -> None:
    name = dns.get("relativeName")
    if not isinstance(name, str) or not _LABEL.fullmatch(name):
        raise bad("dnsConfig.relativeName is not a valid DNS prefix.")
    facts.check_range(dns["ttl"], 0, 2147483647, bad("dnsConfig.ttl is not valid."))
    if write.current is not None:
        if write.current.body["properties"]["dnsConfig"]["relativeName"].lower() != name.lower():
            raise bad("dnsConfig.relativeName of a profile cannot be changed.")
        return
    for other in write.world.all_of(write.type.name):
        taken = other.body["properties"]["dnsConfig"]["relativeName"]
        if taken.lower() == name.lower() and other.id.lower() != write.id.key:
            why = f"Domain name {name}.trafficmanager.net already exists."
            raise Refusal(409, "Conflict", f"{why} Please choose a different DNS prefix.")


def _check_monitor(monitor: Json) -> None:
    protocol, interval = monitor["protocol"], monitor["intervalInSeconds"]
    facts.check_choice(protocol, ("HTTP", "HTTPS", "TCP"), bad("monitor protocol is not valid."))
    facts.check_range(monitor["port"], 1, 65535, bad("monitor port is not valid."))
    facts.check_choice(interval, (10, 30), bad("monitor interval must be 10 or 30 seconds."))
    most = 9 if interval == 10 else 10
    timeout = bad(f"monitor timeout must be from 5 to {most} seconds.")
    facts.check_range(monitor["timeoutInSeconds"], 5, most, timeout)
    tolerated = bad("tolerated number of failures must be from 0 to 9.")
    facts.check_range(monitor["toleratedNumberOfFailures"], 0, 9, tolerated)
    path = monitor.get("path")
    if protocol == "TCP" and path:
        raise bad("A TCP monitor has no path.")
    if protocol != "TCP" and not str(path or "").startswith("/"):
        raise bad("The monitor's path must begin with '/'.")


def _check_endpoint(row: Json) -> None:
    name, given = row["name"], row["properties"]
    if not isinstance(name, str) or not re.fullmatch(r"[^/<>%&\\?]{1,260}", name):
        raise bad("An endpoint's name is missing or not valid.")
    facts.check_choice(given["endpointStatus"], _SWITCH, bad(f"endpointStatus of '{name}'."))
    facts.check_choice(given["alwaysServe"], _SWITCH, bad(f"alwaysServe of '{name}'."))
    for word in ("weight", "priority"):
        wrong = bad(f"The {word} of endpoint '{name}' must be from {LEAST} to {MOST}.")
        facts.check_range(given[word], LEAST, MOST, wrong)
    if row["type"].endswith("/externalEndpoints"):
        if not _is_target(given.get("target")):
            raise bad(f"The target of endpoint '{name}' is not a host name or an address.")
    elif not given.get("targetResourceId"):
        raise bad(f"The endpoint '{name}' has no targetResourceId.")


def _is_target(target: object) -> bool:
    if not isinstance(target, str):
        return False
    try:
        ipaddress.ip_address(target)
    except ValueError:
        return _HOST.fullmatch(target) is not None
    return True


def _target(row: Json) -> str:
    given = row["properties"]
    return str(given.get("targetResourceId") or given.get("target")).lower()
