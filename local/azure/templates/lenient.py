"""The JSON that Resource Manager reads, which is more than JSON: comments, names without quotes,
single quotes, text over several lines, a comma too many, a byte order mark.

`read` takes what is JSON the fast way. Where a value stands in the text is worked out only when
something is to be said about it (`place`): line and column are those of the end of the value's
first token, counted from 1, as in the messages of Resource Manager.

A whole number that 64 bits cannot hold becomes one with a fraction, as the service has it; there
is no number that is none.
"""

import contextlib
import json
import math
import re
from typing import Any

LARGEST = 2**63 - 1
_SPACE = re.compile(r"(?:[\s\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_BARE = re.compile(r"[A-Za-z_$][\w$.\-]*")
_UNESCAPED = {'"': re.compile(r'[^"\\]*'), "'": re.compile(r"[^'\\]*")}
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_DEEPEST = 200

Path = tuple[str | int, ...]


def read(text: str) -> Any:
    """Return what a text says; raise ValueError with line and column where it says nothing."""
    try:
        return json.loads(text, parse_constant=_refused, parse_int=_whole, parse_float=_fractional)
    except ValueError:
        return _Reader(text).whole()
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def place(text: str, path: Path) -> tuple[int, int]:
    """Return the line and column of a value; those of what is around one that is not there."""
    reader = _Reader(text)
    with contextlib.suppress(ValueError):  # deeper than is read here: what stands before is known
        reader.whole()
    while path and path not in reader.places:
        path = path[:-1]
    end = reader.places.get(path, 0)
    line = text.count("\n", 0, end) + 1
    return line, end - (text.rfind("\n", 0, end) + 1)


def _whole(text: str, base: int = 10) -> int | float:
    number = int(text, base)
    return number if -LARGEST - 1 <= number <= LARGEST else _fractional(text)


def _fractional(text: str) -> float:
    number = float(text) if "x" not in text.lower() else float(int(text, 16))
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _paired(text: str) -> str:
    """Return a text in which two escapes that are one character together are that character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _refused(word: str) -> Any:
    raise ValueError(f"'{word}' is no number")


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.places: dict[Path, int] = {}

    def whole(self) -> Any:
        """Return the one value of the text."""
        found = self._value(())
        self._skip()
        if self._at < len(self._text):
            raise self._wrong("there is more after the end")
        return found

    def _value(self, path: Path) -> Any:
        if len(path) > _DEEPEST:
            raise self._wrong("it is nested too deep")
        self._skip()
        first = self._text[self._at : self._at + 1]
        if first == "{":
            return self._object(path)
        if first == "[":
            return self._array(path)
        found = self._quoted() if first in {'"', "'"} and first else self._word()
        self.places[path] = self._at
        return found

    def _object(self, path: Path) -> dict[str, Any]:
        self._at += 1
        self.places[path] = self._at
        found: dict[str, Any] = {}
        while not self._ends("}"):
            name = self._name()
            self._skip()
            self._take(":")
            found[name] = self._value((*path, name))
            self._separate("}")
        return found

    def _array(self, path: Path) -> list[Any]:
        self._at += 1
        self.places[path] = self._at
        found: list[Any] = []
        while not self._ends("]"):
            found.append(self._value((*path, len(found))))
            self._separate("]")
        return found

    def _ends(self, sign: str) -> bool:
        self._skip()
        if self._at >= len(self._text):
            raise self._wrong("it ends too early")
        if self._text[self._at] != sign:
            return False
        self._at += 1
        return True

    def _separate(self, end: str) -> None:
        self._skip()
        if self._text[self._at : self._at + 1] != end:
            self._take(",")

    def _name(self) -> str:
        self._skip()
        if self._text[self._at : self._at + 1] in {'"', "'"}:
            return self._quoted()
        match = _BARE.match(self._text, self._at)
        if match is None:
            raise self._wrong("a name was expected")
        self._at = match.end()
        return match.group()

    def _word(self) -> Any:
        match = _NUMBER.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
            return self._number(match.group())
        match = _BARE.match(self._text, self._at)
        if match is None or match.group() not in _WORDS:
            raise self._wrong("a value was expected")
        self._at = match.end()
        return _WORDS[match.group()]

    def _number(self, word: str) -> int | float:
        try:
            if "x" in word.lower():
                return _whole(word, 16)
            return _fractional(word) if set(word) & set(".eE") else _whole(word)
        except (ValueError, OverflowError) as error:
            raise self._wrong(str(error)) from error

    def _quoted(self) -> str:
        quote = self._text[self._at]
        found: list[str] = []
        self._at += 1
        while match := _UNESCAPED[quote].match(self._text, self._at):
            found.append(match.group())
            sign = self._text[match.end() : match.end() + 1]
            self._at = match.end() + 1
            if sign == quote:
                return _paired("".join(found))
            if not sign:
                break
            found.append(self._escaped())
        self._at = len(self._text)
        raise self._wrong("a text has no end")

    def _escaped(self) -> str:
        sign = self._text[self._at : self._at + 1]
        self._at += 1
        if sign == "u":
            digits = self._text[self._at : self._at + 4]
            self._at += 4
            try:
                return chr(int(digits, 16))
            except ValueError as error:
                raise self._wrong(f"'\\u{digits}' is no character") from error
        return _ESCAPES.get(sign, sign)

    def _take(self, sign: str) -> None:
        if self._text[self._at : self._at + 1] != sign:
            raise self._wrong(f"'{sign}' was expected")
        self._at += 1

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        assert match is not None
        self._at = match.end()

    def _wrong(self, why: str) -> ValueError:
        line = self._text.count("\n", 0, self._at) + 1
        column = self._at - (self._text.rfind("\n", 0, self._at) + 1)
        return ValueError(f"{why}, line {line}, position {column}")
