"""Functions of texts.

Lengths and places are counted in characters; upper and lower case are exchanged one character for
one, so that no text grows by it.

Source: learn.microsoft.com "String functions for ARM templates"; what is said of wrong arguments
is what Resource Manager was seen to say.
"""

import base64 as base64_
import binascii
import re
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from local.azure.templates import hashing
from local.azure.templates.effort import MOST_TEXT, too_large
from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope, kind
from local.azure.templates.functions import composing, json
from local.azure.templates.functions.registry import expect, function, invalid, wrong

_WIDEST = 16  # characters that padLeft fills up to
_DATA_URI = re.compile(
    r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;charset=(?P<charset>[\w-]+)(?:;[\w-]+=[^;,]*)*)?"
    r"(?P<base64>;base64)?,(?P<data>.*)",
    re.DOTALL | re.IGNORECASE,
)


@function("base64", 1)
def base64(scope: Scope, value: Any) -> str:
    """Return a text in base64."""
    expect("base64", value, "String")
    return base64_.b64encode(hashing.utf8(value)).decode()


@function("base64ToString", 1)
def base64_to_string(scope: Scope, value: Any) -> str:
    """Return the text that stands in base64."""
    return _decoded("base64ToString", value)


@function("base64ToJson", 1)
def base64_to_json(scope: Scope, value: Any) -> Any:
    """Return the JSON that stands in base64."""
    return json.read("base64ToJson", _decoded("base64ToJson", value))


@function("dataUri", 1)
def data_uri(scope: Scope, value: Any) -> str:
    """Return a value as a data URI: a text as plain text, anything else as JSON."""
    form = "text/plain" if isinstance(value, str) else "application/json"
    text = value if isinstance(value, str) else json.written(value)
    return f"data:{form};charset=utf8;base64,{base64_.b64encode(hashing.utf8(text)).decode()}"


@function("dataUriToString", 1)
def data_uri_to_string(scope: Scope, value: Any) -> Any:
    """Return what a data URI holds: a text, or what its JSON says."""
    expect("dataUriToString", value, "String")
    found = _DATA_URI.fullmatch(value)
    if found is None:
        raise invalid(
            "dataUriToString",
            "expects its parameter to be formatted as a valid data URI. The provided value"
            f" '{value}' was not formatted correctly.",
        )
    charset = (found["charset"] or "utf-8").lower()
    if charset not in {"utf8", "utf-8", "us-ascii"}:
        raise invalid(
            "dataUriToString",
            f"parameter is not valid. The provided charset '{found['charset']}' is not supported.",
        )
    if found["base64"]:
        text = _decoded("dataUriToString", found["data"])
    else:
        text = unquote(found["data"])
    if (found["type"] or "").lower() == "application/json":
        return json.read("dataUriToString", text)
    return text


@function("startsWith", 2)
def starts_with(scope: Scope, value: Any, start: Any) -> bool:
    """Tell whether a text begins with another, whatever their case."""
    _two_strings("startsWith", value, start)
    return lowered(value).startswith(lowered(start))


@function("endsWith", 2)
def ends_with(scope: Scope, value: Any, end: Any) -> bool:
    """Tell whether a text ends with another, whatever their case."""
    _two_strings("endsWith", value, end)
    return lowered(value).endswith(lowered(end))


@function("like", 2)
def like(scope: Scope, value: Any, pattern: Any) -> bool:
    """Tell whether a text is as a pattern says, whatever their case; `*` is any text in it."""
    _two_strings("like", value, pattern)
    head, *parts = lowered(pattern).split("*")
    rest = lowered(value)
    if not parts:
        return rest == head
    tail = parts.pop()
    if len(rest) < len(head) + len(tail) or not rest.startswith(head) or not rest.endswith(tail):
        return False
    at, end = len(head), len(rest) - len(tail)
    for part in parts:
        found = rest.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


@function("format", 1, None)
def format_(scope: Scope, form: Any, *args: Any) -> str:
    """Return a text with values in its places, as .NET's composite formatting has it."""
    expect("format", form, "String", which="first")
    return composing.composed(form, args)


@function("guid", 1, None)
def guid(scope: Scope, *args: Any) -> str:
    """Return the GUID that these texts always give."""
    return hashing.guid(*(expect("guid", one, "String") for one in args))


@function("newGuid", 0, places="parameter")
def new_guid(scope: Scope) -> str:
    """Return a GUID that was not there before; only as a parameter's default."""
    return scope.runtime.new_guid()


@function("uniqueString", 1, None)
def unique_string(scope: Scope, *args: Any) -> str:
    """Return the thirteen characters that these texts always give."""
    return hashing.unique_string(*(expect("uniqueString", one, "String") for one in args))


@function("join", 2)
def join(scope: Scope, values: Any, delimiter: Any) -> str:
    """Return a list's elements as one text, a delimiter between them."""
    expect("join", values, "Array", which="first")
    expect("join", delimiter, "String", which="second")
    if len(values) * len(delimiter) > MOST_TEXT:
        raise too_large()
    return str(delimiter).join(json.plain(one) for one in values)


@function("json", 1)
def json_(scope: Scope, value: Any) -> Any:
    """Return what a text of JSON says."""
    return json.read("json", expect("json", value, "String"))


@function("padLeft", 2, 3)
def pad_left(scope: Scope, value: Any, width: Any, padding: Any = " ") -> str:
    """Return a text or a number made wider at its left."""
    expect("padLeft", value, "String", "Integer", which="first")
    if kind(width) != "Integer" or not 0 <= width <= _WIDEST:
        raise _not_padded(
            "the second parameter is invalid. Total width must be a positive integer value and not"
            f" greater than '{_WIDEST}', while '{json.plain(width)}' was provided."
        )
    if not isinstance(padding, str):
        raise _not_padded(
            "the third parameter is invalid. The padding character must be a string type, while"
            f" '{kind(padding)}' was provided."
        )
    if len(padding) != 1:
        raise _not_padded(
            "the third parameter is invalid. The padding character must be a single character,"
            f" while '{padding}' was provided."
        )
    return str(value).rjust(width, padding)


@function("replace", 3)
def replace(scope: Scope, value: Any, old: Any, new: Any) -> str:
    """Return a text with every occurrence of another replaced."""
    for one in (value, old, new):
        expect("replace", one, "String")
    if not old:
        raise wrong("replace", "The string to be replaced cannot be empty.")
    if value.count(old) * len(new) > MOST_TEXT:
        raise too_large()
    return str(value).replace(old, new)


@function("split", 2)
def split(scope: Scope, value: Any, delimiter: Any) -> list[str]:
    """Return the parts of a text between delimiters, of which there may be a list."""
    expect("split", value, "String", which="first")
    delimiters = delimiter if isinstance(delimiter, list) else [delimiter]
    if not all(isinstance(one, str) for one in delimiters):
        raise invalid(
            "split",
            "expects its second parameter to be of type 'String or Array of Strings'. The provided"
            f" value is of type '{kind(delimiter)}'.",
        )
    between = "|".join(re.escape(one) for one in delimiters if one)
    return re.split(between, value) if between else [value]


@function("string", 1)
def string(scope: Scope, value: Any) -> str:
    """Return a value as a text; lists and objects as JSON without spaces."""
    return json.plain(value)


@function("substring", 2, 3)
def substring(scope: Scope, value: Any, start: Any, length: Any = None) -> str:
    """Return a part of a text, which must lie within it."""
    expect("substring", value, "String", which="first")
    expect("substring", start, "Integer", which="second")
    expect("substring", length, "Integer", "Null", which="third")
    if start < 0:
        raise wrong(
            "substring", f"The index parameter cannot be less than zero. The index: '{start}'."
        )
    if length is not None and length < 0:
        raise wrong(
            "substring", f"The length parameter cannot be less than zero. The length: '{length}'."
        )
    end = len(value) if length is None else start + length
    if start > len(value) or end > len(value):
        raise wrong(
            "substring",
            "The index and length parameters must refer to a location within the string. The index"
            f" parameter: '{start}', the length parameter: '{end - start}', the length of the"
            f" string parameter: '{len(value)}'.",
        )
    return str(value[start:end])


@function("toLower", 1)
def to_lower(scope: Scope, value: Any) -> str:
    """Return a text in lower case."""
    return lowered(expect("toLower", value, "String"))


@function("toUpper", 1)
def to_upper(scope: Scope, value: Any) -> str:
    """Return a text in upper case."""
    return uppered(expect("toUpper", value, "String"))


@function("trim", 1)
def trim(scope: Scope, value: Any) -> str:
    """Return a text without the space around it."""
    return str(expect("trim", value, "String")).strip()


@function("uri", 2)
def uri(scope: Scope, base: Any, relative: Any) -> str:
    """Return the address that a relative one has from a base."""
    _two_strings("uri", base, relative)
    try:
        parts = urlsplit(base)
        found = urljoin(base, relative) if parts.scheme and parts.netloc else None
    except ValueError:
        found = None
    if found is None:
        raise TemplateError(
            "The template language function 'uri' expects its first argument to be a uri string."
            f" The provided value is '{base}'. Please see https://aka.ms/arm-function-datauri for"
            " usage details."
        )
    bare = parts.path == "" and not relative
    return f"{found}/" if bare and not parts.query and not parts.fragment else found


@function("uriComponent", 1)
def uri_component(scope: Scope, value: Any) -> str:
    """Return a text with everything escaped that has a meaning in an address."""
    return quote(hashing.utf8(expect("uriComponent", value, "String")), safe="-_.~")


@function("uriComponentToString", 1)
def uri_component_to_string(scope: Scope, value: Any) -> str:
    """Return a text with its escapes undone."""
    return unquote(expect("uriComponentToString", value, "String"))


def lowered(text: str) -> str:
    """Return a text in lower case, as long as it was."""
    return "".join(low if len(low := one.lower()) == 1 else one for one in text)


def uppered(text: str) -> str:
    """Return a text in upper case, as long as it was."""
    return "".join(up if len(up := one.upper()) == 1 else one for one in text)


def _decoded(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(
            name,
            "expects its parameter to be a string. The provided value is of type"
            f" '{kind(value)}'.",
        )
    try:
        return base64_.b64decode("".join(value.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise invalid(
            name,
            "was invoked with a parameter that is not valid. The value cannot be decoded from"
            " base64 representation.",
        ) from error


def _two_strings(name: str, one: Any, other: Any) -> None:
    if isinstance(one, str) and isinstance(other, str):
        return
    raise invalid(
        name,
        "expects its parameters to be of type string and string. The provided value is of type"
        f" '{kind(one)}' and '{kind(other)}'.",
    )


def _not_padded(why: str) -> TemplateError:
    return TemplateError(
        f"Unable to evaluate template language function 'padLeft': {why} The syntax is"
        " padLeft(string, totalWidth [, paddingChar]). Please see"
        " https://aka.ms/arm-resource-functions/#padleft for usage details."
    )
