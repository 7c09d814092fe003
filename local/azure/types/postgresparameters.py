"""Parameters of PostgreSQL that a flexible server's `configurations` tell and take.

Every server has them all; a few of the best known are described here as the PostgreSQL manual
does, and one that is not in the table is a text.
"""

import re

from local.azure.arm import Json

_MANUAL = "https://www.postgresql.org/docs/current/runtime-config.html"
_ON_OFF = "on,off"


def _said(
    description: str, default: str, kind: str, allowed: str, *, dynamic: bool = True
) -> Json:
    return {
        "description": description,
        "defaultValue": default,
        "dataType": kind,
        "allowedValues": allowed,
        "isDynamicConfig": dynamic,
        "isReadOnly": False,
        "documentationLink": _MANUAL,
    }


KNOWN: dict[str, Json] = {
    "azure.extensions": _said("Specifies which extensions may be created.", "", "Set", ".*"),
    "lock_timeout": _said(
        "Sets the maximum allowed duration of any wait for a lock.", "0", "Integer", "0-2147483647"
    ),
    "log_connections": _said("Logs each successful connection.", "on", "Boolean", _ON_OFF),
    "log_min_duration_statement": _said(
        "Sets the least time of a statement that is logged.", "-1", "Integer", "-1-2147483647"
    ),
    "max_connections": _said(
        "Sets the maximum number of connections.", "859", "Integer", "25-5000", dynamic=False
    ),
    "pgaudit.log": _said(
        "Specifies which classes of statements are logged by session audit logging.",
        "none",
        "Set",
        "none,read,write,function,role,ddl,misc,all",
    ),
    "shared_preload_libraries": _said(
        "Lists shared libraries to preload into the server.", "", "Set", ".*", dynamic=False
    ),
    "statement_timeout": _said(
        "Sets the maximum allowed duration of any statement.", "0", "Integer", "0-2147483647"
    ),
    "timezone": _said("Sets the zone in which times are shown.", "UTC", "String", ".*"),
    "work_mem": _said(
        "Sets the memory to be used for query workspaces.", "4096", "Integer", "4096-2097151"
    ),
}


def described(name: str) -> Json:
    """Return what is told of a parameter beside its value."""
    return dict(KNOWN.get(name) or _said("", "", "String", ".*"))


def is_allowed(name: str, value: str) -> bool:
    """Tell whether a parameter takes a value."""
    said = described(name)
    match said["dataType"]:
        case "Integer":
            least, _, most = said["allowedValues"].rpartition("-")
            is_whole = re.fullmatch(r"-?\d+", value) is not None
            return is_whole and int(least) <= int(value) <= int(most)
        case "Boolean":
            return value.lower() in _ON_OFF.split(",")
        case "Set" if said["allowedValues"] != ".*":
            offered = set(said["allowedValues"].split(","))
            return {one.strip().lower() for one in value.split(",")} <= offered
    return True
