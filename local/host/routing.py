r"""Route templates as ASP.NET Core reads them: `jobs/{id:int}`, `{x?}`, `{x=v}`, `{*rest}`.

A template becomes one pattern over the raw path, case-blind, a trailing slash being ignored.
Values are percent-decoded but for `%2F`, which stays as it is: a slash inside a value is never a
separator. A value that breaks its constraint is no match, hence a 404. The
constraints themselves are in `constraints`.

https://learn.microsoft.com/aspnet/core/fundamentals/routing
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from local.host import constraints
from local.host.constraints import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One `{...}` of a template."""

    name: str
    checks: tuple[Check, ...]
    default: str | None
    is_optional: bool
    is_rest: bool

    @property
    def may_be_absent(self) -> bool:
        """Whether a path may end before it."""
        return self.is_optional or self.is_rest or self.default is not None


Part = str | Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed route, ready to match."""

    text: str
    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]


def parse(text: str) -> Template:
    """Return the template; ValueError where ASP.NET would refuse it."""
    path = text.removeprefix("~").removeprefix("/")
    segments = [_parts(segment, text) for segment in _split(path)] if path else []
    parameters = tuple(p for segment in segments for p in segment if isinstance(p, Parameter))
    names = [parameter.name.lower() for parameter in parameters]
    if len(names) != len(set(names)):
        raise ValueError(f"route {text!r} names a parameter twice")
    if any(_has_rest(segment) for segment in segments[:-1]):
        raise ValueError(f"route {text!r}: a catch-all must come last")
    pattern = re.compile(_pattern(segments), re.IGNORECASE | re.DOTALL)
    return Template(text=text, pattern=pattern, parameters=parameters)


def match(template: Template, raw_path: str) -> dict[str, str] | None:
    """Return the route values of a path as it came over the wire; None where it does not match."""
    path = unquote(re.sub("%2f", "%252F", raw_path, flags=re.IGNORECASE))
    found = template.pattern.fullmatch(path)
    if found is None:
        return None
    values: dict[str, str] = {}
    for index, parameter in enumerate(template.parameters):
        value = found[f"p{index}"] or parameter.default
        if value is None:
            continue
        if not all(check(value) for check in parameter.checks):
            return None
        values[parameter.name] = value
    return values


def _split(text: str) -> Iterator[str]:
    """Yield the segments; a slash inside braces, as in a regex constraint, does not separate."""
    depth, segment = 0, ""
    for character in text.removesuffix("/"):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and depth == 0:
            yield segment
            segment = ""
        else:
            segment += character
    if depth:
        raise ValueError(f"route {text!r}: a brace is not closed")
    yield segment


def _parts(segment: str, route: str) -> list[Part]:
    if not segment:
        raise ValueError(f"route {route!r} has an empty segment")
    parts: list[Part] = []
    position = 0
    while position < len(segment):
        start = segment.find("{", position)
        if start != position:
            end = start if start >= 0 else len(segment)
            parts.append(segment[position:end])
            position = end
            continue
        end = _closing(segment, start, route)
        parts.append(_parameter(segment[start + 1 : end], route))
        position = end + 1
    if len(parts) > 1 and _has_rest(parts):
        raise ValueError(f"route {route!r}: a catch-all must be a whole segment")
    return parts


def _has_rest(parts: Sequence[Part]) -> bool:
    return any(isinstance(part, Parameter) and part.is_rest for part in parts)


def _closing(segment: str, start: int, route: str) -> int:
    depth = 0
    for index in range(start, len(segment)):
        depth += {"{": 1, "}": -1}.get(segment[index], 0)
        if depth == 0:
            return index
    raise ValueError(f"route {route!r}: a brace is not closed")


def _parameter(text: str, route: str) -> Parameter:
    # Braces inside a regex constraint are doubled, as in ASP.NET.
    text = text.replace("{{", "{").replace("}}", "}")
    is_rest = text.startswith("*")
    name, wanted, default = _divided(text.lstrip("*"))
    is_optional = name.endswith("?") or bool(wanted and wanted[-1].endswith("?"))
    if wanted:
        wanted[-1] = wanted[-1].removesuffix("?")
    name = name.removesuffix("?")
    if not name or re.search(r"[{}/*?]", name):
        raise ValueError(f"route {route!r}: {name!r} is not a parameter name")
    return Parameter(
        name=name,
        checks=tuple(constraints.check(constraint, route) for constraint in wanted),
        default=default,
        is_optional=is_optional,
        is_rest=is_rest,
    )


def _divided(text: str) -> tuple[str, list[str], str | None]:
    """Split `name:check(a):check=default` at the marks that are outside parentheses."""
    fields, depth, default = [""], 0, None
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and character == "=":
            default = text[index + 1 :]
            break
        if depth == 0 and character == ":":
            fields.append("")
        else:
            fields[-1] += character
    return fields[0], fields[1:], default


def _pattern(segments: Sequence[Sequence[Part]]) -> str:
    numbers = iter(range(1000))
    pieces = [(_segment_pattern(s, numbers), _may_be_absent(s)) for s in segments]
    pattern = ""
    tail_may_end = True
    for piece, may_be_absent in reversed(pieces):
        tail_may_end = tail_may_end and may_be_absent
        pattern = f"(?:/{piece}{pattern})?" if tail_may_end else f"/{piece}{pattern}"
    return f"{pattern}/?"


def _may_be_absent(segment: Sequence[Part]) -> bool:
    match segment:
        case [Parameter() as only]:
            return only.may_be_absent
        case _:
            return False


def _segment_pattern(segment: Sequence[Part], numbers: Iterator[int]) -> str:
    """Return the pattern of one segment; of several parameters the first takes what it can."""
    pattern = ""
    for part in segment:
        match part:
            case str():
                pattern += re.escape(part)
            case Parameter(is_rest=True):
                pattern += f"(?P<p{next(numbers)}>.*)"
            case Parameter(is_optional=True) if pattern.endswith(r"\."):
                pattern = pattern.removesuffix(r"\.") + rf"(?:\.(?P<p{next(numbers)}>[^/]+))?"
            case Parameter():
                pattern += f"(?P<p{next(numbers)}>[^/]+)"
    return pattern
