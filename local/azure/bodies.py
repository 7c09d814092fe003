"""Bodies of writes: parsed, and held against the rules that Resource Manager itself applies.

A provider's own rules are in `types/`; these are the ones no request gets past, whatever its type.
"""

import json
from datetime import datetime
from typing import Any

from local.azure import places
from local.azure.arm import Call, Json, gateway
from local.azure.ids import Id
from local.azure.table import ResourceType
from local.azure.world import Resource, World

MOST_TAGS, LONGEST_TAG_NAME, LONGEST_TAG_VALUE = 50, 512, 256
_FORBIDDEN_IN_TAGS = set("<>%&\\?/")


def read(call: Call) -> Json:
    """Return the request's JSON object; refuse anything else."""
    try:
        body: Any = json.loads(call.body.decode() or "null")
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    if body is None:
        raise _unreadable("the body is empty")
    if not isinstance(body, dict):
        raise _unreadable("expected a JSON object")
    return body


def without_nulls(value: Any) -> Any:
    """Return a body without its nulls, which mean the same as nothing."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value if one is not None]
    return value


def _is_reserved(name: str) -> bool:
    """Tell whether a tag's name has characters that Azure keeps: a hidden one may name others."""
    kept = _FORBIDDEN_IN_TAGS - {"/"} if name.startswith("hidden-") else _FORBIDDEN_IN_TAGS
    return bool(kept & set(name)) or not name.isprintable()


def check_tags(tags: object) -> Json:
    """Return tags that Azure takes: at most 50, no reserved characters, no long ones."""
    if not isinstance(tags, dict) or not all(_is_text(v) for v in tags.values()):
        raise _unreadable("'tags' must be an object of strings")
    if len(tags) > MOST_TAGS:
        raise gateway(
            400,
            "TooManyTags",
            f"A maximum of {MOST_TAGS} tags can be specified. Number of tags provided:"
            f" {len(tags)}.",
        )
    bad = [name for name in tags if _is_reserved(name)]
    if bad:
        raise gateway(
            400,
            "InvalidTagNameCharacters",
            f"The tag names '{','.join(bad)}' have reserved characters '<,>,%,&,\\,?,/' or control"
            " characters.",
        )
    for name, value in tags.items():
        if not name or len(name) > LONGEST_TAG_NAME:
            raise gateway(
                400,
                "InvalidTagNameLength",
                f"The tag name '{name}' must have 1 to {LONGEST_TAG_NAME} characters.",
            )
        if value is not None and len(value) > LONGEST_TAG_VALUE:
            raise gateway(
                400,
                "InvalidTagValueLength",
                f"Tag value too large. Following tag value '{value}' exceeded the maximum length."
                f" Maximum allowed length for tag value - '{LONGEST_TAG_VALUE}' characters.",
            )
    folded = [name.lower() for name in tags]
    if len(set(folded)) < len(folded):
        raise gateway(400, "DuplicateTagNames", "Tag names must differ in more than their case.")
    return {name: "" if value is None else value for name, value in tags.items()}


def check_principals(world: World, body: Json, target: Id) -> None:
    """Refuse a body that gives the resource an identity which is not there."""
    identity = body.get("identity")
    held = identity.get("userAssignedIdentities") if isinstance(identity, dict) else None
    for name, given in (held if isinstance(held, dict) else {}).items():
        if given is not None and world.find(name) is None:
            gone = {"code": "BadRequest", "message": f"Resource '{name}' was not found."}
            why = json.dumps({"error": gone}, separators=(",", ":"))
            raise gateway(
                400,
                "FailedIdentityOperation",
                f"Identity operation for resource '{target}' failed with error 'Failed to perform"
                f" resource identity operation. Status: 'BadRequest'. Response: '{why}'.'.",
            )


def check_identity(body: Json, target: Id, row: ResourceType) -> None:
    """Refuse a body that names another resource, or holds what its type does not have."""
    name, kind = body.get("name"), body.get("type")
    if name is not None and str(name).split("/")[-1].lower() != target.name.lower():
        raise gateway(
            400,
            "MismatchingResourceName",
            f"The provided resource name '{name}' did not match the name in the Url"
            f" '{target.name}'.",
        )
    if kind is not None and str(kind).lower() != row.name.lower():
        raise gateway(
            400,
            "MismatchingResourceType",
            f"The provided resource type '{kind}' did not match the type in the Url '{row.name}'.",
        )
    given = body.get("id")
    if given is not None and str(given).rstrip("/").lower() != target.key:
        raise gateway(
            400,
            "MismatchingResourceId",
            f"The provided resource id '{given}' did not match the id in the Url '{target}'.",
        )
    unknown = sorted(set(body) - row.allowed())
    if unknown:
        raise _unreadable(
            f"Could not find member '{unknown[0]}' on object of type 'ResourceDefinition'. Path"
            f" '{unknown[0]}'"
        )
    properties = body.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise _unreadable("'properties' must be an object")


def check_links(body: Json) -> None:
    """Refuse an identity that is named by anything but its whole identifier."""
    identity = body.get("identity")
    held = identity.get("userAssignedIdentities") if isinstance(identity, dict) else None
    for name in held if isinstance(held, dict) else ():
        if not str(name).lower().startswith("/subscriptions/"):
            raise gateway(
                400,
                "LinkedInvalidPropertyId",
                f"Property id '{name}' at path '' is invalid. Expect fully qualified resource Id"
                " that start with '/subscriptions/{subscriptionId}' or"
                " '/providers/{resourceProviderNamespace}/'.",
            )


def check_registered(world: World, now: datetime, namespace: str) -> None:
    """Refuse a write for whose provider the subscription is not registered."""
    if world.registration(namespace, now) in {"Registered", "Registering"}:
        return
    message = (
        f"The subscription is not registered to use namespace '{namespace}'. See"
        " https://aka.ms/rps-not-found for how to register subscriptions."
    )
    code = "MissingSubscriptionRegistration"
    detail: Json = {"code": code, "target": namespace, "message": message}
    raise gateway(409, code, message, details=[detail])


def check_place(body: Json, target: Id, row: ResourceType, current: Resource | None) -> None:
    """Set the body's region in its normal form; refuse a missing, unknown or changed one."""
    if not row.tracked:
        if body.get("location"):
            body["location"] = places.normal(str(body["location"]))
        return
    if current is not None and not body.get("location"):
        body["location"] = current.body["location"]
    wanted = places.read(body.get("location"))
    if wanted not in row.regions:
        raise places.refuse_type(body["location"], row.name, row.regions)
    if current is not None and current.body["location"] != wanted:
        raise gateway(
            409,
            "InvalidResourceLocation",
            f"The resource '{target.name}' already exists in location"
            f" '{current.body['location']}' in resource group '{target.group}'. A resource with"
            f" the same name cannot be created in location '{wanted}'. Please select a new"
            " resource name.",
        )
    body["location"] = wanted


def _unreadable(why: str) -> Exception:
    return gateway(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{why}'.",
    )


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)
