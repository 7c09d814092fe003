"""Prints every function of the app, as the host is told of it.

A process of its own: `get_functions()` works once for each app, and every test shares one.
"""

import json
import sys
from enum import Enum
from typing import Any

import function_app


def described(function: Any) -> dict[str, Any]:
    """Return what the host is told of one function."""
    trigger = function.get_trigger().get_dict_repr()
    kept = ("type", "route", "methods", "authLevel", "schedule", "queueName", "connection")
    return {
        "name": function.get_function_name(),
        **{name: _plain(trigger[name]) for name in kept if trigger.get(name) is not None},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


if __name__ == "__main__":
    found = [described(function) for function in function_app.app.get_functions()]
    json.dump(sorted(found, key=lambda f: f["name"]), sys.stdout)
