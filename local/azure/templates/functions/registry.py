"""The table that the families' functions are entered in, and what is said of a wrong call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope, kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function: how many arguments it takes (`most` None: any number), and where it may stand.

    A `lazy` one is given trees instead of values. One with `places` is refused elsewhere. One of
    `lambdas` may be given lambdas among the values.
    """

    name: str
    least: int
    most: int | None
    run: Callable[..., Any]
    lazy: bool = False
    places: frozenset[str] = frozenset()
    lambdas: bool = False

    def check_count(self, count: int) -> None:
        """Refuse a call with too few or too many arguments."""
        if count >= self.least and (self.most is None or count <= self.most):
            return
        if self.most == self.least:
            wanted = f"{self.least} argument(s)"
        elif self.most is None:
            wanted = f"at least {self.least} argument(s)"
        else:
            wanted = f"between {self.least} and {self.most} argument(s)"
        raise TemplateError(
            f"Unable to evaluate template language function '{self.name}': function requires"
            f" {wanted} while {count} were provided. Please see"
            f" https://aka.ms/arm-resource-functions/#{self.name} for usage details."
        )

    def check_place(self, scope: Scope) -> None:
        """Refuse a call where the function may not stand."""
        if self.places and scope.place not in self.places:
            raise TemplateError(
                f"The template function '{self.name}' is not expected at this location. Please see"
                " https://aka.ms/arm-functions for usage details."
            )


_KNOWN: dict[str, Function] = {}


def function(
    name: str,
    least: int,
    most: int | None = -1,
    *,
    lazy: bool = False,
    places: str = "",
    lambdas: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function: `least` to `most` arguments (as many as `least` unless said)."""

    def entered(run: Callable[..., Any]) -> Callable[..., Any]:
        """Keep the function under its name."""
        _KNOWN[name.lower()] = Function(
            name=name,
            least=least,
            most=least if most == -1 else most,
            run=run,
            lazy=lazy,
            places=frozenset(places.split()),
            lambdas=lambdas,
        )
        return run

    return entered


def find(name: str) -> Function:
    """Return the function of this name, whatever its case; raise TemplateError without one."""
    found = _KNOWN.get(name.lower())
    if found is None and name.lower().startswith("list"):
        found = _KNOWN["list*"]
        return Function(
            name=name,
            least=found.least,
            most=found.most,
            run=lambda scope, *args: found.run(scope, name, *args),
            places=found.places,
        )
    if found is None:
        raise TemplateError(
            f"The template function '{name}' is not valid. Please see"
            " https://aka.ms/arm-functions for usage details."
        )
    return found


def names() -> list[str]:
    """Return the names of all functions, in their order."""
    return sorted(one.name for one in _KNOWN.values())


def wrong(name: str, why: str) -> TemplateError:
    """Return the refusal of an argument."""
    return TemplateError(
        f"Unable to evaluate the template language function '{name}'. {why} Please see"
        f" https://aka.ms/arm-functions#{name.lower()} for usage details."
    )


def invalid(name: str, why: str) -> TemplateError:
    """Return the refusal of an argument of another type or form than is expected."""
    return TemplateError(
        f"The template language function '{name}' {why} Please see"
        f" https://aka.ms/arm-functions#{name} for usage details."
    )


def expect(name: str, value: Any, *kinds: str, which: str = "") -> Any:
    """Return a value that is of one of these types; refuse another, the `which` parameter."""
    if kind(value) in kinds:
        return value
    wanted = " or ".join(f"'{one}'" for one in kinds)
    raise invalid(
        name,
        f"expects its {which + ' ' if which else ''}parameter to be of type {wanted}. The provided"
        f" value is of type '{kind(value)}'.",
    )
