"""Where a template is deployed to.

Source: learn.microsoft.com "Scope functions for ARM templates".
"""

from typing import Any

from local.azure.templates.evaluation import Scope
from local.azure.templates.functions.registry import function


@function("resourceGroup", 0)
def resource_group(scope: Scope) -> Any:
    """Return the group deployed to."""
    return scope.runtime.resource_group()


@function("subscription", 0)
def subscription(scope: Scope) -> Any:
    """Return the subscription deployed to."""
    return scope.runtime.subscription()


@function("tenant", 0)
def tenant(scope: Scope) -> Any:
    """Return the tenant."""
    return scope.runtime.tenant()


@function("managementGroup", 0)
def management_group(scope: Scope) -> Any:
    """Return the management group deployed to."""
    return scope.runtime.management_group()
