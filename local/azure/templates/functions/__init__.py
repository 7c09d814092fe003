"""The functions of the template language, by family.

Each is a Python function marked with `function`, which says how it is called, how many arguments
it takes, and where it may stand. A family is a module; `find` looks through all of them.
"""

from local.azure.templates.functions import (
    arrays,
    dates,
    deployments,
    lambdas,
    logic,
    networks,
    numbers,
    objects,
    resources,
    scopes,
    strings,
)
from local.azure.templates.functions.registry import Function, find, names

_FAMILIES = (
    arrays,
    dates,
    deployments,
    lambdas,
    logic,
    networks,
    numbers,
    objects,
    resources,
    scopes,
    strings,
)

__all__ = ["Function", "find", "names"]
