"""From an expression to its value.

A `Scope` is what an expression can see: the parameters and variables of its template, the user's
functions, the loops it stands in, the arguments of the lambda around it, and the `Runtime` that
answers for the subscription. Parameters and variables are evaluated when they are first asked for,
each once; one that needs itself is refused, so that every evaluation ends.

Values are JSON's. Names of properties are found whatever their case; texts are compared as
they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from local.azure.templates import expressions
from local.azure.templates.effort import MOST_TEXT, Effort, too_deep
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.expressions import Call, Literal, Member, Node

_LAMBDA = 5  # what the call of a lambda costs beside its body


class Runtime(Protocol):
    """What an expression asks of the subscription and of the deployment that it is part of."""

    def now(self) -> datetime:
        """Return the instant, UTC."""

    def new_guid(self) -> str:
        """Return a GUID that was not there before."""

    def resource_group(self) -> Any:
        """Return the group deployed to; raise TemplateError where the scope is no group."""

    def subscription(self) -> Any:
        """Return the subscription deployed to."""

    def tenant(self) -> Any:
        """Return the tenant."""

    def management_group(self) -> Any:
        """Return the management group deployed to; raise TemplateError where there is none."""

    def deployment(self) -> Any:
        """Return the deployment itself, with its template."""

    def deployer(self) -> Any:
        """Return who deploys: objectId, tenantId, userPrincipalName."""

    def environment(self) -> Any:
        """Return the cloud's addresses."""

    def providers(self, namespace: str, kind: str | None) -> Any:
        """Return what a provider, or one of its types, can do."""

    def zones(self, namespace: str, kind: str, place: str, count: int, offset: int) -> list[str]:
        """Return availability zones of a type in a region."""

    def reference(self, name: str, version: str | None, *, full: bool) -> Any:
        """Return a resource's properties, or the whole of it.

        Raises NotYet while the resource is not there because its turn has not come.
        """

    def listed(self, function: str, name: str, version: str, values: Any) -> Any:
        """Return what an action of a resource such as listKeys answers; may raise NotYet."""


@dataclass(frozen=True, slots=True)
class Lambda:
    """A function written as an argument: the names it takes and what it gives."""

    names: tuple[str, ...]
    body: Node
    scope: "Scope"

    def __call__(self, *values: Any) -> Any:
        """Return what the lambda gives for these values; too many are left out."""
        self.scope.effort.spend(_LAMBDA)
        given = dict(zip(self.names, values, strict=False))
        return _no_lambda(evaluate(self.body, self.scope.inside(given)))


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFunction:
    """A function that the template itself brings."""

    name: str
    parameters: tuple[str, ...]
    output: Any


@dataclass(slots=True, kw_only=True)
class Names:
    """Parameters or variables: evaluated when they are first asked for, each once."""

    kind: str  # parameter or variable, for what is said of one that is missing
    sources: Mapping[str, Callable[["Scope"], Any]]
    found: dict[str, Any] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def get(self, name: str, scope: "Scope") -> Any:
        """Return a value; raise TemplateError for one that is missing or needs itself.

        Where it was asked for makes no difference: loops and lambdas around are not seen.
        """
        key = key_of(self.sources, name)
        if key is None:
            raise TemplateError(
                f"The template {self.kind} '{name}' is not found. Please see"
                f" https://aka.ms/arm-syntax-{self.kind}s for usage details."
            )
        if key in self.found:
            return self.found[key]
        if key in self._open:
            raise TemplateError(
                f"The template {self.kind} '{key}' is not valid: circular dependency detected:"
                f" '{' -> '.join([*self._open, key])}'."
            )
        self._open.append(key)
        try:
            self.found[key] = self.sources[key](scope.bare(self.kind))
        finally:
            self._open.pop()
        return self.found[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression can see. `place` says where it stands, for functions with a place."""

    parameters: Names
    variables: Names
    runtime: Runtime
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    loops: Mapping[str, int] = field(default_factory=dict)
    repeated: str = ""  # the loop of the resource or output around, which need not be named
    lambdas: Mapping[str, Any] = field(default_factory=dict)
    place: str = "resource"  # parameter, variable, resource (name, condition, …), body, output
    depth: int = 0
    lasting: bool = False  # what is not known yet stays as it is written
    effort: Effort = field(default_factory=Effort, compare=False)

    def inside(self, values: Mapping[str, Any]) -> "Scope":
        """Return the scope of a lambda's body."""
        return replace(self, lambdas={**self.lambdas, **values}, depth=self.depth + 1)

    def looping(self, name: str, index: int) -> "Scope":
        """Return the scope of one round of a property's or a variable's loop."""
        return replace(self, loops={**self.loops, name: index})

    def repeating(self, name: str, index: int) -> "Scope":
        """Return the scope of one round of a resource's or an output's loop."""
        return replace(self, loops={**self.loops, name: index}, repeated=name)

    def bare(self, place: str) -> "Scope":
        """Return the scope in another place, outside of every loop and lambda."""
        return replace(self, place=place, loops={}, repeated="", lambdas={})

    def at(self, place: str) -> "Scope":
        """Return the scope of expressions in another place."""
        return replace(self, place=place)


def value(source: Any, scope: Scope, path: tuple[str | int, ...] = ()) -> Any:
    """Return JSON with every expression in it evaluated, names of properties too.

    A property `copy` that is a list of loops becomes what the loops give. Raises TemplateError
    with the place, and NotYet where something is known only later.
    """
    if isinstance(source, str):
        return text(source, scope, path)
    if not isinstance(source, list | dict):
        return source
    try:
        with scope.effort.deeper():
            return scope.effort.accept(
                [value(one, scope, (*path, at)) for at, one in enumerate(source)]
                if isinstance(source, list)
                else _object(source, scope, path)
            )
    except TemplateError as error:
        raise TemplateError(error.message, error.path or path) from error
    except RecursionError:
        raise TemplateError(too_deep().message, path) from None


def text(source: str, scope: Scope, path: tuple[str | int, ...] = ()) -> Any:
    """Return what one string of a template means."""
    if not expressions.is_expression(source):
        return expressions.unescaped(source)
    try:
        found = evaluate(expressions.parse(source), scope)
    except NotYet:
        if scope.lasting:
            return source
        raise
    except TemplateError as error:
        raise TemplateError(error.message, error.path or path) from error
    except RecursionError:
        raise TemplateError(too_deep().message, path) from None
    return _no_lambda(found, path)


def evaluate(node: Node, scope: Scope) -> Any:
    """Return a tree's value."""
    members: list[Member] = []
    while isinstance(node, Member):
        members.append(node)
        node = node.of
    found = node.value if isinstance(node, Literal) else _called(node, scope)
    for one in reversed(members):
        found = _member(found, one, scope)
    return found


def member(of: Any, name: Any, *, safe: bool = False) -> Any:
    """Return a property or an element of a value; raise TemplateError where it is missing."""
    if safe and of is None:
        return None
    if isinstance(of, dict) and isinstance(name, str):
        key = name if name in of else key_of(of, name)
        if key is not None:
            return of[key]
        if safe:
            return None
        raise TemplateError(
            f"The language expression property '{name}' doesn't exist, available properties are"
            f" '{', '.join(of)}'. Please see https://aka.ms/arm-function-reference for usage"
            " details."
        )
    if isinstance(of, list) and isinstance(name, int) and not isinstance(name, bool):
        if 0 <= name < len(of):
            return of[name]
        if safe:
            return None
        raise TemplateError(
            f"The language expression property array index '{name}' is out of bounds. Please see"
            " https://aka.ms/arm-function-reference for usage details."
        )
    shown = name if isinstance(name, str | int) else kind(name)
    raise TemplateError(
        f"The language expression property '{shown}' can't be evaluated: its operand is of type"
        f" '{kind(of)}'. Please see https://aka.ms/arm-function-reference for usage details."
    )


def key_of(of: Mapping[str, Any], name: str) -> str | None:
    """Return the name of a property as the object spells it."""
    if name in of:
        return name
    return next((one for one in of if one.lower() == name.lower()), None)


def kind(of: Any) -> str:
    """Return what Resource Manager calls the type of a value."""
    match of:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Float"
        case str():
            return "String"
        case list():
            return "Array"
        case dict():
            return "Object"
    return "Function"


def _object(source: Mapping[str, Any], scope: Scope, path: tuple[str | int, ...]) -> Any:
    found: dict[str, Any] = {}
    for name, inner in source.items():
        if name == "copy" and isinstance(inner, list):
            for at, loop in enumerate(inner):
                found |= _loop(loop, scope, (*path, name, at))
            continue
        key = text(name, scope, path)
        if not isinstance(key, str):
            raise TemplateError(f"The name of a property must be a string, not {kind(key)}.", path)
        found[key] = value(inner, scope, (*path, name))
    return found


def _loop(loop: Any, scope: Scope, path: tuple[str | int, ...]) -> dict[str, Any]:
    """Return what a property's loop gives: a list under the loop's name."""
    if not isinstance(loop, dict) or not {"name", "count", "input"} <= set(loop):
        raise TemplateError("A copy object must have 'name', 'count' and 'input'.", path)
    name = value(loop["name"], scope, path)
    if not isinstance(name, str):
        raise TemplateError(f"The name of a copy must be a string, not {kind(name)}.", path)
    count = rounds(loop["count"], scope, path)
    scope.effort.spend(count)
    return {
        name: [value(loop["input"], scope.looping(name, at), path) for at in range(count)],
    }


def rounds(count: Any, scope: Scope, path: tuple[str | int, ...] = ()) -> int:
    """Return how often a loop runs, 0 to 800."""
    number = value(count, scope, path)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 800:
        raise TemplateError(
            f"The copy count '{number}' must be an integer from 0 to 800. Please see"
            " https://aka.ms/arm-resource-loops for usage details.",
            path,
        )
    return number


def _member(of: Any, node: Member, scope: Scope) -> Any:
    if node.safe and of is None:
        return None
    return member(of, _no_lambda(evaluate(node.name, scope)), safe=node.safe)


def _called(node: Call, scope: Scope) -> Any:
    from local.azure.templates import functions  # the families need this module

    with scope.effort.deeper():
        if node.space:
            return _users(node, scope)
        found = functions.find(node.name)
        found.check_count(len(node.args))
        found.check_place(scope)
        if found.lazy:
            return scope.effort.accept(found.run(scope, *node.args))
        args = [evaluate(one, scope) for one in node.args]
        for one in () if found.lambdas else args:
            _no_lambda(one)
        return scope.effort.accept(found.run(scope, *args))


def _no_lambda(found: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Return a value; a lambda is one only as an argument of a function that takes it."""
    if isinstance(found, Lambda):
        raise TemplateError(
            "The template function 'lambda' is not expected at this location. Please see"
            " https://aka.ms/arm-functions for usage details.",
            path,
        )
    return found


def _users(node: Call, scope: Scope) -> Any:
    found = scope.functions.get(node.full.lower())
    if found is None:
        raise TemplateError(
            f"The template function '{node.full}' is not valid. Please see"
            " https://aka.ms/arm-functions for usage details."
        )
    if len(node.args) != len(found.parameters):
        raise TemplateError(
            f"The template function '{node.full}' expects {len(found.parameters)} argument(s) and"
            f" was called with {len(node.args)}."
        )
    given = [_no_lambda(evaluate(one, scope)) for one in node.args]
    sources = {name: _given(one) for name, one in zip(found.parameters, given, strict=True)}
    names = Names(kind="parameter", sources=sources)
    inner = replace(
        scope,
        parameters=names,
        variables=Names(kind="variable", sources={}),
        loops={},
        lambdas={},
        depth=scope.depth + 1,
        lasting=False,
    )
    return value(found.output, inner)


def _given(value: Any) -> Callable[[Scope], Any]:
    return lambda _: value


__all__ = [
    "MOST_TEXT",
    "Lambda",
    "Names",
    "NotYet",
    "Runtime",
    "Scope",
    "UserFunction",
    "evaluate",
    "value",
]
