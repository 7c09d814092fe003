"""Subscriptions, their regions and their providers: what Resource Manager answers itself."""

from local.azure import elsewhere, geography, paging, places
from local.azure.arm import Answer, Call, Json, Refusal, gateway, guid, is_guid
from local.azure.world import World

VERSIONS = (
    "2014-04-01",
    "2015-01-01",
    "2015-11-01",
    "2016-02-01",
    "2016-06-01",
    "2016-07-01",
    "2016-09-01",
    "2017-03-01",
    "2017-05-10",
    "2018-01-01",
    "2018-02-01",
    "2018-05-01",
    "2019-03-01",
    "2019-05-01",
    "2019-05-10",
    "2019-06-01",
    "2019-07-01",
    "2019-08-01",
    "2019-10-01",
    "2019-11-01",
    "2020-01-01",
    "2020-06-01",
    "2020-08-01",
    "2020-10-01",
    "2021-01-01",
    "2021-04-01",
    "2022-01-01",
    "2022-09-01",
    "2022-12-01",
    "2023-07-01",
    "2024-03-01",
    "2024-07-01",
    "2024-11-01",
    "2025-03-01",
    "2025-04-01",
)
_PROFILE = "2018-06-01-profile"
_IN_PROFILE = {"Microsoft.RecoveryServices"}  # providers that tell what a profile holds of them


def check_version(call: Call, versions: tuple[str, ...] = VERSIONS) -> None:
    """Refuse an api-version that Resource Manager's own types do not have."""
    if call.version not in versions:
        listed = ",".join(reversed(versions))
        raise gateway(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{call.version}' is invalid. The supported versions are '{listed}'.",
        )


def check_subscription(world: World, subscription: str | None) -> None:
    """Refuse a subscription that is not ours."""
    if subscription is None or subscription.lower() == world.subscription.lower():
        return
    if not is_guid(subscription):
        raise gateway(
            400,
            "InvalidSubscriptionId",
            f"The provided subscription identifier '{subscription}' is malformed or invalid.",
        )
    raise gateway(
        404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found."
    )


def listed(world: World, call: Call) -> Answer:
    """Answer the list of subscriptions."""
    count = {"type": "Total", "value": 1}
    return Answer(status=200, body={"value": [shown(world, call)], "count": count})


def shown(world: World, call: Call) -> Json:
    """Return the subscription's body."""
    body: Json = {
        "id": f"/subscriptions/{world.subscription}",
        "authorizationSource": "RoleBased",
        "subscriptionId": world.subscription,
        "displayName": "Tesoro XP (local)",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
    }
    if call.version >= "2019-06-01":
        body["managedByTenants"] = []
        body["tenantId"] = world.tenant
    return body


def tenants(world: World, call: Call) -> Answer:
    """Answer the list of tenants."""
    row = {"id": f"/tenants/{world.tenant}", "tenantId": world.tenant}
    return Answer(status=200, body={"value": [row]})


def locations(world: World, call: Call) -> Answer:
    """Answer the list of regions."""
    value: list[Json] = []
    for name, display in places.NAMES.items():
        row: Json = {
            "id": f"/subscriptions/{world.subscription}/locations/{name}",
            "name": name,
            "displayName": display,
        }
        north, east = places.COORDINATES[name]
        place = {"longitude": east, "latitude": north}
        if call.version >= "2019-11-01":
            row["type"] = "Region"
            row["regionalDisplayName"] = geography.regional(name)
            told = geography.metadata(name, world.subscription, call.version)
            kind = {"regionType": "Physical", "regionCategory": "Recommended"}
            row |= {
                "metadata": {**kind, **told, **place},
                **geography.mappings(name, call.version),
            }
        else:
            row |= place
        value.append(row)
    return Answer(status=200, body={"value": value})


def providers(world: World, call: Call) -> Answer:
    """Answer the list of providers."""
    names = sorted(world.table.namespaces.values())
    return paging.page(call, [_provider(world, name, call) for name in names])


def provider(world: World, call: Call, namespace: str, action: str | None) -> Answer:
    """Answer a call on one provider: look, register, unregister."""
    key = namespace.lower()
    name = world.table.namespaces.get(key) or elsewhere.NAMESPACES.get(key)
    if name is None:
        raise invalid_namespace(namespace)
    match call.method, action:
        case "GET", None:
            pass
        case "POST", "register":
            if world.registration(name, call.now) not in {"Registered", "Registering"}:
                world.register(name, "Registering", call.now)
        case "POST", "unregister":
            world.register(name, "Unregistered", call.now)
        case _:
            raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed here.")
    return Answer(status=200, body=_provider(world, name, call))


def invalid_namespace(namespace: str) -> Refusal:
    """Return the refusal of a provider that does not exist."""
    return gateway(
        404,
        "InvalidResourceNamespace",
        f"The resource namespace '{namespace}' is invalid.",
    )


def provider_operations(world: World, call: Call, namespace: str) -> Answer:
    """Answer the list of a provider's operations."""
    name = world.table.namespaces.get(namespace.lower())
    if name is None:
        raise invalid_namespace(namespace)
    value = [
        {
            "name": f"{row.name}/{verb}",
            "display": {
                "provider": name,
                "resource": row.local,
                "operation": f"{verb} {row.local}",
                "description": f"{verb} {row.local}",
            },
        }
        for row in world.table.of(name)
        for verb in ("read", "write", "delete")
    ]
    return Answer(status=200, body={"value": value})


def _profiles(versions: list[str]) -> list[Json]:
    """Return the newest api-version that a profile holds: it is named after its last day."""
    held = [version for version in versions if version <= _PROFILE[:10]] or versions[-1:]
    return [{"profileVersion": _PROFILE, "apiVersion": held[0]}]


def _provider(world: World, name: str, call: Call) -> Json:
    shown = list(places.NAMES.values())
    types: list[Json] = [
        {
            "resourceType": row.local,
            "locations": shown if row.tracked else [],
            "apiVersions": list(reversed(row.versions)),
            "capabilities": "SupportsTags, SupportsLocation" if row.tracked else "None",
        }
        for row in world.table.of(name)
    ]
    own = {"resourceType": "operations", "locations": [], "apiVersions": [VERSIONS[-1]]}
    types.append({**own, "capabilities": "None"})
    if name in _IN_PROFILE:
        types = [{**row, "apiProfiles": _profiles(row["apiVersions"])} for row in types]
    if call.version >= "2021-04-01":
        types = [{**row, "defaultApiVersion": row["apiVersions"][0]} for row in types]
    free = name in {"Microsoft.Resources", "Microsoft.Authorization"}
    authorized = {
        "applicationId": guid("application", name),
        "roleDefinitionId": guid("role", name),
    }
    body: Json = {
        "id": f"/subscriptions/{world.subscription}/providers/{name}",
        "namespace": name,
        "authorizations": [authorized],
        "resourceTypes": types,
        "registrationState": world.registration(name, call.now),
    }
    if call.version >= "2020-01-01":
        body["registrationPolicy"] = "RegistrationFree" if free else "RegistrationRequired"
    return body
