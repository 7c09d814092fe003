"""What a template can ask of its own deployment: parameters, variables, itself, its deployer.

Source: learn.microsoft.com "Deployment functions for ARM templates".
"""

from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope
from local.azure.templates.functions.registry import expect, function, wrong


@function("parameters", 1)
def parameters(scope: Scope, name: Any) -> Any:
    """Return a parameter."""
    return scope.parameters.get(expect("parameters", name, "String"), scope)


@function("variables", 1)
def variables(scope: Scope, name: Any) -> Any:
    """Return a variable."""
    return scope.variables.get(expect("variables", name, "String"), scope)


@function("deployment", 0)
def deployment(scope: Scope) -> Any:
    """Return the deployment: its name, its scope's location, its template."""
    return scope.runtime.deployment()


@function("deployer", 0)
def deployer(scope: Scope) -> Any:
    """Return who deploys."""
    return scope.runtime.deployer()


@function("environment", 0)
def environment(scope: Scope) -> Any:
    """Return the cloud's addresses."""
    return scope.runtime.environment()


@function("copyIndex", 0, 2)
def copy_index(scope: Scope, *args: Any) -> int:
    """Return which round of a loop this is, from 0, and an offset on top.

    Without a name the loop of the resource or output is meant, whatever loops are inside it.
    """
    name = args[0] if args and isinstance(args[0], str) else None
    rest = args[1:] if name is not None else args
    if len(rest) > 1:
        raise wrong("copyIndex", "The first of two parameters must be the name of a loop.")
    offset = rest[0] if rest else 0
    expect("copyIndex", offset, "Integer")
    name = scope.repeated if name is None else name
    if not scope.loops or not name:
        raise TemplateError(
            "The template function 'copyIndex' is not expected at this location. The function can"
            " only be used in a resource with copy specified. Please see https://aka.ms/arm-copy"
            " for usage details."
        )
    for loop, at in scope.loops.items():
        if loop.lower() == name.lower():
            return at + int(offset)
    raise wrong("copyIndex", f"The loop '{name}' is not found here.")
