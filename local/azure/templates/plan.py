"""From a template to what it asks for: each resource with its identifier, and what it waits for.

Loops are unrolled, children stand beside their parents, conditions and names are settled; the
bodies are evaluated only when their turn comes, because `reference` and `list*` need what was
deployed before. What a body refers to in the same template it waits for, beside what its
`dependsOn` names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.azure.templates import evaluation, expressions, shape
from local.azure.templates.effort import too_deep
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.evaluation import Names, Runtime, Scope, UserFunction
from local.azure.templates.items import Item, items, loops

# What a resource of a template has and its body has not.
_OWN = frozenset(
    (
        *("type", "name", "apiVersion", "scope", "existing", "condition", "copy", "dependsOn"),
        *("resources", "comments", "metadata", "asserts"),
    )
)
_GROUPS_AS_TYPE = "/providers/microsoft.resources/resourcegroups/"  # as resourceId writes them
_OF_DEPLOYMENTS = frozenset(("resourceGroup", "subscriptionId"))
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a resource waits for: `version` and `action` are those of a reference or list call."""

    key: str
    version: str = ""
    action: str = ""


@dataclass(slots=True, kw_only=True)
class Plan:
    """A template's resources in the order written, by key, and what each waits for."""

    template: Mapping[str, Any]
    scope: Scope
    items: dict[str, Item] = field(default_factory=dict)
    needs: dict[str, list[Need]] = field(default_factory=dict)
    loops: frozenset[str] = frozenset()  # symbols and names of loops, without a round too

    def body(self, key: str, *, lasting: bool = False) -> dict[str, Any]:
        """Return the body of a resource; raise NotYet where something is known only later.

        A `lasting` body keeps as it is written what is not known yet.
        """
        item = self.items[key]
        left = _OWN | (_OF_DEPLOYMENTS if item.nested else frozenset())
        scope = replace(item.scope, place="body", lasting=lasting)
        found: dict[str, Any] = {}
        for name, inner in item.source.items():
            if name in left:
                continue
            path = (*item.path, name)
            if name == "properties" and item.nested:
                found[name] = _nested(inner, scope, path)
            else:
                found[name] = evaluation.value(inner, scope, path)
        return found

    def settled(self, done: Iterable[str]) -> set[str]:
        """Return the keys of what is there once these are done.

        What exists is there when what it waits for is: it may be inside of what is deployed.
        """
        found = set(done)
        left = [key for key, item in self.items.items() if item.existing]
        while ready := [k for k in left if all(n.key in found for n in self.needs[k])]:
            found |= set(ready)
            left = [key for key in left if key not in found]
        return found

    def outputs(self) -> dict[str, Any]:
        """Return what the template gives: `{name: {type, value}}`, by name."""
        found: dict[str, Any] = {}
        for name, said in (self.template.get("outputs") or {}).items():
            path: Path = ("outputs", name)
            scope = self.scope.at("output")
            if not isinstance(said, dict) or not {"type", "$ref"} & set(said):
                raise TemplateError(f"The template output '{name}' must have a type.", path)
            if not evaluation.value(said.get("condition", True), scope, path):
                continue
            found[name] = {"type": said.get("type"), "value": _output(said, scope, path)}
        return found

    def named(self, name: str) -> list[Item]:
        """Return the items that a name means: a symbol, a loop, an identifier, or a plain name."""
        wanted = name.lower().strip("/").replace(_GROUPS_AS_TYPE, "/resourcegroups/")
        by_symbol = [i for i in self.items.values() if wanted in {i.key.lower(), i.symbol.lower()}]
        if by_symbol:
            return by_symbol
        by_id = [i for i in self.items.values() if i.id.lower().strip("/") == wanted]
        if by_id:
            return by_id
        by_loop = [i for i in self.items.values() if i.loop and i.loop.lower() == wanted]
        if by_loop:
            return by_loop
        return [
            item
            for item in self.items.values()
            if item.name.lower() == wanted or _relative(item, wanted)
        ]


def scope_of(template: Mapping[str, Any], *, parameters: Names, runtime: Runtime) -> Scope:
    """Return what the expressions of a template can see; raise TemplateError with the place."""
    shape.check(template)
    return Scope(
        parameters=parameters,
        variables=_variables(template.get("variables") or {}),
        runtime=runtime,
        functions=_functions(template.get("functions") or []),
    )


def make(template: Mapping[str, Any], *, scope: Scope, scope_id: str) -> Plan:
    """Return the plan of a template deployed to `scope_id`; raise TemplateError with the place."""
    for name in scope.variables.sources:
        scope.variables.get(name, scope)
    resources = template["resources"]
    plan = Plan(template=template, scope=scope, loops=frozenset(loops(resources)))
    there: set[str] = set()
    for item in items(resources, scope, scope_id):
        if item.enabled and item.id.lower() in there:
            raise TemplateError(
                f"The resource '{item.id}' at line '{{line}}' and column '{{column}}' is defined"
                " multiple times in a template. Please see"
                " https://aka.ms/arm-syntax-resources for usage details.",
                item.path,
            )
        if item.enabled:
            there.add(item.id.lower())
        if item.enabled or item.key not in plan.items:
            plan.items[item.key] = item
    if len(plan.items) > shape.MOST_RESOURCES:
        raise TemplateError(
            f"The number of template resources limit exceeded. Limit: {shape.MOST_RESOURCES},"
            f" actual: {len(plan.items)}. Please see https://aka.ms/arm-limits for usage details."
        )
    for key, item in plan.items.items():
        plan.needs[key] = _needs(plan, item)
    _check_order(plan)
    return plan


def _variables(said: Mapping[str, Any]) -> Names:
    sources: dict[str, Callable[[Scope], Any]] = {}
    for name, source in said.items():
        if name == "copy" and isinstance(source, list):
            for at, loop in enumerate(source):
                if isinstance(loop, dict) and isinstance(loop.get("name"), str):
                    sources[loop["name"]] = _looped_variable(loop, at)
        else:
            sources[name] = _variable(source, ("variables", name))
    return Names(kind="variable", sources=sources)


def _variable(source: Any, path: Path) -> Callable[[Scope], Any]:
    return lambda scope: evaluation.value(source, _bare(scope), path)


def _looped_variable(loop: Mapping[str, Any], at: int) -> Callable[[Scope], Any]:
    path: Path = ("variables", "copy", at)
    return lambda scope: evaluation.value({"copy": [loop]}, _bare(scope), path)[loop["name"]]


def _bare(scope: Scope) -> Scope:
    """Return the scope of a variable, wherever it is asked for."""
    return replace(scope, loops={}, lambdas={}, place="variable", lasting=False)


def _functions(said: list[Any]) -> dict[str, UserFunction]:
    found: dict[str, UserFunction] = {}
    for at, space in enumerate(said):
        members = space.get("members") if isinstance(space, dict) else None
        if not isinstance(members, dict) or not isinstance(space.get("namespace"), str):
            raise TemplateError("A function needs a 'namespace' and 'members'.", ("functions", at))
        for name, one in members.items():
            full = f"{space['namespace']}.{name}"
            output = one.get("output") if isinstance(one, dict) else None
            if not isinstance(output, dict) or "value" not in output:
                raise TemplateError(
                    f"The template function '{full}' must have an output with a value.",
                    ("functions", at, "members", name),
                )
            names = tuple(str(p.get("name")) for p in one.get("parameters") or [])
            found[full.lower()] = UserFunction(name=full, parameters=names, output=output["value"])
    return found


def _needs(plan: Plan, item: Item) -> list[Need]:
    """Return what a resource waits for, each once; raise TemplateError for what is not there."""
    found: dict[str, Need] = {}
    path = (*item.path, "dependsOn")
    said = evaluation.value(item.source.get("dependsOn") or [], item.scope, path)
    for name in said if isinstance(said, list) else [said]:
        known = plan.named(str(name))
        if not known and str(name).lower() not in plan.loops:
            raise TemplateError(
                f"The resource '{name}' is not defined in the template. Please see"
                " https://aka.ms/arm-syntax for usage details.",
                path,
            )
        for one in known:
            found.setdefault(one.key, Need(key=one.key))
    if item.batch:
        first = item.round // item.batch * item.batch
        for one in plan.items.values():
            if one.loop == item.loop and one.path == item.path and one.round < first:
                found.setdefault(one.key, Need(key=one.key))
    for need in _references(plan, item):
        found.setdefault(need.key, need)
    found.pop(item.key, None)
    return list(found.values())


def _references(plan: Plan, item: Item) -> Iterator[Need]:
    """Yield what a body's `reference` and `list*` name in the same template."""
    texts = [one for name, one in item.source.items() if name not in _OWN - {"scope"}]
    for call, scope in _reads(texts, item.scope):
        try:
            given = [evaluation.evaluate(one, scope) for one in call.args[:2]]
        except (NotYet, TemplateError):
            continue
        version = str(given[1]) if len(given) > 1 else ""
        action = "" if call.name.lower() in _READS else call.name
        for one in plan.named(str(given[0])):
            yield Need(key=one.key, version=version, action=action)


_READS = {"reference", "references"}


def _reads(value: Any, scope: Scope) -> Iterator[tuple[expressions.Call, Scope]]:
    """Yield the calls that ask for resources, each in every round of the loops around it."""
    match value:
        case str() if expressions.is_expression(value):
            for call in expressions.calls(expressions.parse(value)):
                name = call.name.lower()
                if not call.space and call.args and (name in _READS or name.startswith("list")):
                    yield call, scope
        case list():
            for one in value:
                yield from _reads(one, scope)
        case dict():
            if _is_inner(value):
                yield from _reads(value.get("parameters"), scope)
                return
            for name, one in value.items():
                if name == "copy" and isinstance(one, list):
                    yield from _reads_of_loops(one, scope)
                else:
                    yield from _reads(one, scope)


def _reads_of_loops(loops: list[Any], scope: Scope) -> Iterator[tuple[expressions.Call, Scope]]:
    for loop in loops:
        inner = loop.get("input") if isinstance(loop, dict) else None
        if next(_reads(inner, scope), None) is None:
            continue
        try:
            count = evaluation.rounds(loop.get("count"), scope)
        except (NotYet, TemplateError):
            continue
        for at in range(count):
            yield from _reads(inner, scope.looping(str(loop.get("name")), at))


def _is_inner(properties: Mapping[str, Any]) -> bool:
    """Tell whether a nested deployment's template sees its own names alone."""
    options = properties.get("expressionEvaluationOptions")
    where = options.get("scope") if isinstance(options, dict) else None
    return str(where).lower() == "inner"


def _check_order(plan: Plan) -> None:
    """Refuse resources that wait for each other."""
    done: set[str] = set()
    left = dict(plan.needs)
    while left:
        ready = [k for k, needs in left.items() if all(n.key in done for n in needs)]
        if not ready:
            first = plan.items[next(iter(left))]
            raise TemplateError(
                f"Circular dependency detected on resource: '{first.id}'. Please see"
                " https://aka.ms/arm-syntax-resources for usage details.",
                first.path,
            )
        done |= set(ready)
        for key in ready:
            del left[key]


def _nested(properties: Any, scope: Scope, path: Path) -> Any:
    """Return a nested deployment's properties: a template of inner scope is left as it is.

    So are those of inner scope that stand somewhere in a template that is not.
    """
    kept: list[Any] = []
    try:
        bare = _taken_out(properties, kept)
    except RecursionError:
        raise TemplateError(too_deep().message, path) from None
    return _put_back(evaluation.value(bare, scope, path), kept)


_KEPT = "\0template "


def _taken_out(value: Any, kept: list[Any]) -> Any:
    """Return a value with a mark where a template of inner scope is, which goes to `kept`."""
    if isinstance(value, list):
        return [_taken_out(one, kept) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, one in value.items():
        if name == "template" and _is_inner(value):
            found[name] = f"{_KEPT}{len(kept)}"
            kept.append(one)
        else:
            found[name] = _taken_out(one, kept)
    return found


def _put_back(value: Any, kept: list[Any]) -> Any:
    match value:
        case str() if value.startswith(_KEPT):
            return kept[int(value.removeprefix(_KEPT))]
        case list():
            return [_put_back(one, kept) for one in value]
        case dict():
            return {name: _put_back(one, kept) for name, one in value.items()}
    return value


def _output(said: Mapping[str, Any], scope: Scope, path: Path) -> Any:
    loop = said.get("copy")
    if loop is None:
        return evaluation.value(said.get("value"), scope, (*path, "value"))
    if not isinstance(loop, dict) or not {"count", "input"} <= set(loop):
        raise TemplateError("An output's copy must have 'count' and 'input'.", (*path, "copy"))
    count = evaluation.rounds(loop["count"], scope, (*path, "copy", "count"))
    inner = (*path, "copy", "input")
    name = str(path[-1])
    rounds = (scope.repeating(name, at) for at in range(count))
    return [evaluation.value(loop["input"], one, inner) for one in rounds]


def _relative(item: Item, wanted: str) -> bool:
    """Tell whether a name is a type and a name, or an identifier without what is before it."""
    whole = wanted == f"{item.type}/{item.name}".lower()
    return whole or item.id.lower().endswith(f"/providers/{wanted}")
