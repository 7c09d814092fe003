"""The language inside a template's strings: `[concat('a', parameters('b').c[0])]`, as a tree.

A string that begins with `[` and ends with `]` is an expression; one that begins with `[[` is
text with one bracket less; everything else is text. Inside stand whole numbers, text in single
quotes (`''` for a quote), calls of functions, and what is taken out of their values by `.name`,
`[index]`, `.?name` or `[?index]` (null where there is none).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from local.azure.templates.errors import TemplateError

LONGEST = 24_576  # characters of an expression

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<sign>\.\?|\[\?|[()\[\],.])|(?P<end>$))"
)
_NAMES = {"(": "LeftParenthesis", ")": "RightParenthesis", "[": "LeftSquareBracket"}
_NAMES |= {"]": "RightSquareBracket", ",": "Comma", ".": "Dot", "": "EndOfData"}
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a whole number."""

    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call; `space` is the namespace of a user's function, empty for the others."""

    space: str
    name: str
    args: tuple["Node", ...]

    @property
    def full(self) -> str:
        """The name as it was written."""
        return f"{self.space}.{self.name}" if self.space else self.name


@dataclass(frozen=True, slots=True)
class Member:
    """A property or an element of a value; a `safe` one is null where it is missing."""

    of: "Node"
    name: "Node"
    safe: bool = False


Node = Literal | Call | Member


def is_expression(text: str) -> bool:
    """Tell whether a string of a template is to be evaluated."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def unescaped(text: str) -> str:
    """Return a string that is no expression as it is meant."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """Return the tree of an expression, given with its brackets; raise TemplateError."""
    inner = text[1:-1]
    if len(inner) > LONGEST:
        raise TemplateError(
            f"The template language expression '{inner[:40]}...' exceeds the limit of"
            f" '{LONGEST}' characters."
        )
    return _Parser(inner).whole()


def calls(node: Node) -> "list[Call]":
    """Return every call in a tree, the outer before the inner."""
    found: list[Call] = []
    rest = [node]
    while rest:
        match rest.pop():
            case Call() as call:
                found.append(call)
                rest += reversed(call.args)
            case Member() as member:
                rest += [member.name, member.of]
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._at, self._depth = text, _tokens(text), 0, 0

    def whole(self) -> Node:
        """Return the tree of everything."""
        node = self._expression()
        self._take("")
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"it is nested deeper than {_DEEPEST} levels")
        kind, value = self._next()
        node: Node
        match kind:
            case "text":
                node = Literal(value[1:-1].replace("''", "'"))
            case "number":
                node = Literal(self._whole(value))
            case "name":
                node = self._call(value)
            case _:
                raise self._unexpected("Identifier", value)
        node = self._members(node)
        self._depth -= 1
        return node

    def _whole(self, value: str) -> int:
        if len(value) > 20 or not -(1 << 63) <= int(value) < 1 << 63:
            raise self._wrong(f"the number '{value[:40]}' is too large for a 64-bit integer")
        return int(value)

    def _call(self, name: str) -> Call:
        space = ""
        if self._peek() == ".":
            self._next()
            space = name
            kind, name = self._next()
            if kind != "name":
                raise self._unexpected("Identifier", name)
        self._take("(")
        args: list[Node] = []
        while self._peek() != ")":
            args.append(self._expression())
            if self._peek() == ",":
                self._next()
                if self._peek() == ")":
                    raise self._unexpected("Identifier", ")")
            elif self._peek() != ")":
                raise self._unexpected("RightParenthesis", self._peek())
        self._take(")")
        return Call(space, name, tuple(args))

    def _members(self, node: Node) -> Node:
        while (sign := self._peek()) in {".", ".?", "[", "[?"}:
            self._next()
            if sign.startswith("."):
                kind, value = self._next()
                if kind not in {"name", "number"}:
                    raise self._unexpected("Identifier", value)
                node = Member(node, Literal(value), safe=sign == ".?")
            else:
                node = Member(node, self._expression(), safe=sign == "[?")
                self._take("]")
        return node

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> tuple[str, str]:
        found = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return found

    def _take(self, sign: str) -> None:
        _, value = self._next()
        if value != sign:
            raise self._unexpected(_NAMES[sign], value)

    def _unexpected(self, wanted: str, value: str) -> TemplateError:
        actual = _NAMES.get(value, "Literal" if value.startswith("'") else "Identifier")
        return self._wrong(f"expected token '{wanted}' and actual '{actual}'")

    def _wrong(self, why: str) -> TemplateError:
        return TemplateError(
            f"Unable to parse language expression '{self._text}': {why}. Please see"
            " https://aka.ms/arm-syntax-expressions for usage details."
        )


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            why = "the text has no end" if rest.startswith("'") else f"unexpected '{rest[:1]}'"
            raise TemplateError(
                f"Unable to parse language expression '{text}': {why}. Please see"
                " https://aka.ms/arm-syntax-expressions for usage details."
            )
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind)))
        if kind == "end":
            return found
        at = match.end()
