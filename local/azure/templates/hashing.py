"""The hashes that templates can ask for, as Resource Manager computes them.

`uniqueString` and the template hash are one 64-bit hash of the MurmurHash3 family with two lanes
of 32 bits; both were checked against recorded values, the order of members in which a template is
hashed among them. `guid` is a name-based UUID (RFC 4122,
version 5) in a namespace of its own.
"""

import json
from typing import Any
from uuid import UUID, uuid5

_MASK = 0xFFFFFFFF
_FIRST, _SECOND = 597399067, 2869860233
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_TEMPLATE: tuple[str, ...] = (
    "$schema",
    "languageVersion",
    "contentVersion",
    "parameters",
    "variables",
)
_TEMPLATE += ("resources", "outputs", "metadata")
_TYPED = ("nullable", "minLength", "maxLength", "defaultValue", "type", "metadata", "value")
_RESOURCE: tuple[str, ...] = (
    "type",
    "apiVersion",
    "name",
    "location",
    "dependsOn",
    "tags",
    "sku",
    "kind",
)
_RESOURCE += ("properties", "resourceGroup")
_GUIDS = UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


def unique_string(*parts: str) -> str:
    """Return the thirteen characters that these texts always give."""
    rest, found = murmur64(utf8("-".join(parts))), ""
    for _ in range(13):
        found += _LETTERS[rest >> 59]
        rest = rest << 5 & (1 << 64) - 1
    return found


def guid(*parts: str) -> str:
    """Return the GUID that these texts always give."""
    return str(uuid5(_GUIDS, utf8("-".join(parts)).decode()))


def template_hash(template: Any) -> str:
    """Return the hash by which a deployment names its template.

    What a compiler made says it in its metadata: it hashes as the service does, which was seen to
    show the same. It is believed, since the order of rarer members is not known here.
    """
    said = _generator(template).get("templateHash")
    return said if isinstance(said, str) and said.isdecimal() else computed_hash(template)


def computed_hash(template: Any) -> str:
    """Return a template's hash: of its JSON without spaces, in upper case and in an order.

    The members that a template's parts always have come first, in the service's own order; the
    hash that the template says of itself does not count.
    """
    generator = _generator(template)
    if "templateHash" in generator:
        rest = {key: value for key, value in generator.items() if key != "templateHash"}
        template = {**template, "metadata": {**template["metadata"], "_generator": rest}}
    return str(murmur64(utf8(minified(template))))


def minified(template: Any) -> str:
    """Return the text that a template is hashed as."""
    found = dict(template) if isinstance(template, dict) else template
    if isinstance(found, dict):
        for part in ("parameters", "outputs"):
            found |= {part: _each(found[part], _TYPED)} if part in found else {}
        if "resources" in found:
            found["resources"] = _each(found["resources"], _RESOURCE)
        found = _ordered(found, _TEMPLATE)
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).upper()


def utf8(text: str) -> bytes:
    """Return a text's bytes; halves of characters that stand alone are replaced, as .NET does."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def murmur64(data: bytes) -> int:
    """Return the hash of some bytes, 0 to 2**64 - 1."""
    one = two = 0
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        low, high = _word(data[at : at + 4]), _word(data[at + 4 : at + 8])
        one = _rotated(one ^ _mixed(low, _FIRST, 15, _SECOND), 19)
        one = ((one + two) * 5 + 1444728091) & _MASK
        two = _rotated(two ^ _mixed(high, _SECOND, 17, _FIRST), 13)
        two = ((two + one) * 5 + 197830471) & _MASK
    rest = data[whole:]
    if rest:
        one ^= _mixed(_word(rest[:4]), _FIRST, 15, _SECOND)
    if len(rest) > 4:
        two ^= _mixed(_word(rest[4:]), _SECOND, 17, _FIRST)
    one, two = one ^ len(data), two ^ len(data)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    one, two = _stirred(one), _stirred(two)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    return two << 32 | one


def _generator(template: Any) -> dict[str, Any]:
    metadata = template.get("metadata") if isinstance(template, dict) else None
    generator = metadata.get("_generator") if isinstance(metadata, dict) else None
    return generator if isinstance(generator, dict) else {}


def _each(parts: Any, order: tuple[str, ...]) -> Any:
    match parts:
        case list():
            return [_ordered(one, order) for one in parts]
        case dict():
            return {name: _ordered(one, order) for name, one in parts.items()}
    return parts


def _ordered(part: Any, order: tuple[str, ...]) -> Any:
    if not isinstance(part, dict):
        return part
    return {key: part[key] for key in order if key in part} | {
        key: value for key, value in part.items() if key not in order
    }


def _word(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> 32 - by) & _MASK


def _mixed(value: int, before: int, by: int, after: int) -> int:
    return _rotated(value * before & _MASK, by) * after & _MASK


def _stirred(value: int) -> int:
    value = (value ^ value >> 16) * 2246822507 & _MASK
    value = (value ^ value >> 13) * 3266489909 & _MASK
    return value ^ value >> 16
