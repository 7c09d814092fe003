"""A template's resources one by one: loops unrolled, children beside their parents, names settled.

Names, types, conditions and counts must be known before a deployment starts; nothing here asks
what is deployed. A resource with a symbol whose condition leaves it out need not have a name that
can be told: templates that Bicep writes take names out of parameters that are then not given
(Azure/bicep-registry-modules has it everywhere for keys and identities).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.azure.templates import evaluation
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.evaluation import Scope
from local.azure.templates.identifiers import DEPLOYMENTS, below, identifier

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One resource: `key` tells it from the others, `round` is its place in its loop.

    `existing` ones are read and not deployed; `enabled` is what the condition said.
    """

    key: str
    symbol: str
    id: str
    type: str
    name: str
    version: str
    source: Mapping[str, Any]
    path: Path
    scope: Scope
    loop: str = ""
    round: int = 0
    batch: int = 0  # of a serial loop: how many at once
    enabled: bool = True
    existing: bool = False

    @property
    def nested(self) -> bool:
        """Tell whether this is a deployment inside the deployment."""
        return self.type.lower() == DEPLOYMENTS


def items(resources: Any, scope: Scope, scope_id: str) -> Iterator[Item]:
    """Yield the resources in the order written; raise TemplateError with the place."""
    if isinstance(resources, dict):
        for symbol, source in resources.items():
            yield from _unrolled(source, scope, scope_id, ("resources", symbol), symbol=symbol)
        return
    for at, source in enumerate(resources):
        yield from _unrolled(source, scope, scope_id, ("resources", at))


def loops(resources: Any) -> Iterator[str]:
    """Yield what may stand for no resource at all: symbols, and names of loops, in lower case."""
    pairs = resources.items() if isinstance(resources, dict) else enumerate(resources or ())
    for symbol, source in pairs:
        if not isinstance(source, dict):
            continue
        loop = source.get("copy")
        if isinstance(loop, dict):
            yield str(loop.get("name")).lower()
        if isinstance(symbol, str):
            yield symbol.lower()
        yield from loops(source.get("resources"))


def _unrolled(
    source: Any,
    scope: Scope,
    scope_id: str,
    path: Path,
    *,
    symbol: str = "",
    above: tuple[str, str] | None = None,
) -> Iterator[Item]:
    """Yield a resource, each of its loop's rounds, and after each the children inside it."""
    if not isinstance(source, dict):
        raise TemplateError("A resource of a template must be an object.", path)
    loop = source.get("copy")
    if loop is None:
        yield from _one(source, scope, scope_id, path, symbol=symbol, above=above)
        return
    if not isinstance(loop, dict) or not {"name", "count"} <= set(loop):
        raise TemplateError("A resource's copy must have 'name' and 'count'.", (*path, "copy"))
    name = str(evaluation.value(loop["name"], scope, (*path, "copy")))
    mode = str(evaluation.value(loop.get("mode", "Parallel"), scope, path)).lower()
    if mode not in {"parallel", "serial"}:
        raise TemplateError("A copy's mode must be 'Parallel' or 'Serial'.", (*path, "copy"))
    batch = evaluation.value(loop.get("batchSize", 1), scope, path) if mode == "serial" else 0
    for at in range(evaluation.rounds(loop["count"], scope, (*path, "copy", "count"))):
        inner = scope.repeating(name, at)
        for item in _one(source, inner, scope_id, path, symbol=symbol, above=above, at=at):
            yield replace(item, loop=name, round=at, batch=batch)


def _one(
    source: Mapping[str, Any],
    scope: Scope,
    scope_id: str,
    path: Path,
    *,
    symbol: str,
    above: tuple[str, str] | None,
    at: int | None = None,
) -> Iterator[Item]:
    kind = _text(source, "type", scope, path)
    kind = f"{above[0]}/{kind}" if above is not None else kind
    version = _text(source, "apiVersion", scope, path)
    enabled = evaluation.value(source.get("condition", True), scope, (*path, "condition"))
    if not isinstance(enabled, bool):
        raise TemplateError("A resource's condition must be a boolean.", (*path, "condition"))
    try:
        name, found = _named(source, kind, scope, scope_id, path, above)
    except TemplateError:
        if enabled or not symbol:
            raise
        name = "/".join([symbol] * kind.count("/"))
        found = identifier(kind, name, scope_id)
    key = (f"{symbol}[{at}]" if at is not None else symbol) if symbol else found.lower()
    yield Item(
        key=key,
        symbol=symbol,
        id=found,
        type=kind,
        name=name,
        version=version,
        source=source,
        path=path,
        scope=scope,
        enabled=enabled,
        existing=bool(source.get("existing", False)),
    )
    children = source.get("resources") or []
    pairs = children.items() if isinstance(children, dict) else enumerate(children)
    for child, inner in pairs:
        inside = (*path, "resources", child)
        named = str(child) if isinstance(children, dict) else ""
        for item in _unrolled(inner, scope, scope_id, inside, symbol=named, above=(kind, name)):
            yield replace(item, enabled=item.enabled and enabled)


def _named(
    source: Mapping[str, Any],
    kind: str,
    scope: Scope,
    scope_id: str,
    path: Path,
    above: tuple[str, str] | None,
) -> tuple[str, str]:
    """Return a resource's name and its identifier."""
    name = _text(source, "name", scope, path)
    name = f"{above[1]}/{name}" if above is not None else name
    where = _scope_of(source, kind, scope, scope_id, path)
    try:
        return name, identifier(kind, name, where)
    except TemplateError as error:
        raise TemplateError(error.message, path) from error


def _scope_of(
    source: Mapping[str, Any], kind: str, scope: Scope, scope_id: str, path: Path
) -> str:
    """Return the identifier of what a resource stands below."""
    if source.get("scope") is not None:
        return below(scope_id, _text(source, "scope", scope, path))
    if kind.lower() != DEPLOYMENTS and not source.get("existing"):
        return scope_id
    words = scope_id.split("/")
    subscription = words[2] if len(words) > 2 else ""
    group = words[4] if len(words) > 4 else ""
    if source.get("subscriptionId") is not None:
        subscription = _text(source, "subscriptionId", scope, path)
        group = ""
    if source.get("resourceGroup") is not None:
        group = _text(source, "resourceGroup", scope, path)
    elif source.get("location") is not None and source.get("subscriptionId") is not None:
        group = ""
    return f"/subscriptions/{subscription}" + (f"/resourceGroups/{group}" if group else "")


def _text(source: Mapping[str, Any], name: str, scope: Scope, path: Path) -> str:
    if source.get(name) is None:
        raise TemplateError(
            f"The template resource at line '{{line}}' and column '{{column}}' has no '{name}'."
            " Please see https://aka.ms/arm-syntax-resources for usage details.",
            path,
        )
    try:
        found = evaluation.value(source[name], scope, (*path, name))
    except NotYet as error:
        raise TemplateError(
            f"The template function 'reference' is not expected at this location: '{name}' must"
            " be known before the deployment starts.",
            (*path, name),
        ) from error
    if not isinstance(found, str) or not found:
        raise TemplateError(
            f"The template resource's '{name}' must be a text that is not empty.", (*path, name)
        )
    return found
