"""Log Analytics workspaces: a name, a price tier, a retention, and the id by which they are asked.

Recorded: a PUT of a new one answers 201 while it is being created; the customer id is the
service's own, and so are the dates; the tier is `PerGB2018` where none is asked for; the days of
retention are 30 to 730, and 7 in the free tier alone.
"""

from datetime import datetime, timedelta

from local.azure.arm import Json, Refusal, guid, stamp
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, View, Write
from local.azure.types import facts
from local.azure.world import Resource, World, plain

TYPE = "Microsoft.OperationalInsights/workspaces"
READ_ONLY = ("customerId", "provisioningState", "createdDate", "modifiedDate")
_SKUS = (
    "Free",
    "Standard",
    "Premium",
    "PerNode",
    "PerGB2018",
    "Standalone",
    "CapacityReservation",
    "LACluster",
)
_TIER = "PerGB2018"
_SHORTEST, _USUAL, _LONGEST, _FREE = 30, 30, 730, 7
_MOST_RESERVED = 3000  # GB a day
_FEATURES: Json = {
    "legacy": 0,
    "searchVersion": 1,
    "enableLogAccessUsingOnlyResourcePermissions": True,
}
_WITHOUT_ETAG = ("2020-03-01-preview", "2020-08-01", "2021-12-01-preview")
_ACCESS = ("Enabled", "Disabled", "SecuredByPerimeter")


def customer(resource_id: str) -> str:
    """Return the GUID by which a workspace is asked: the same for ever for the same resource."""
    return guid("customer", resource_id)


def by_customer(world: World, name: str) -> Resource | None:
    """Return the workspace with this customer id."""
    wanted = name.lower()
    return next((item for item in world.all_of(TYPE) if customer(item.id) == wanted), None)


def named(world: World, name: str) -> Resource | None:
    """Return the workspace with this resource id, customer id or name."""
    if name.startswith("/"):
        found = world.find(name)
        return found if found is not None and found.type == TYPE else None
    by_name = (item for item in world.all_of(TYPE) if item.name.lower() == name.lower())
    return by_customer(world, name) or next(by_name, None)


class Workspaces(Behaviour):
    """Workspaces."""

    def check(self, write: Write) -> None:
        """Refuse a tier, a retention or an access that there is not."""
        given = write.body.get("properties") or {}
        sku = given.get("sku") or {}
        name = sku.get("name", _TIER) if isinstance(sku, dict) else None
        if str(name).lower() not in {one.lower() for one in _SKUS}:
            raise _bad("The pricing tier of the workspace is not valid.")
        days = given.get("retentionInDays")
        limits = _bad("'RetentionInDays' property doesn't match the SKU limits.")
        facts.check_range(None if days == _FREE else days, _SHORTEST, _LONGEST, limits)
        for field in ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"):
            facts.check_choice(given.get(field), _ACCESS, _bad(f"'{field}' is not valid."))

    def shape(self, write: Write) -> Json:
        """Return the body over what there was."""
        body = facts.without(write.body, READ_ONLY)
        given = body.get("properties") or {}
        old = write.current.body["properties"] if write.current else _usual()
        sku = {**old["sku"], **(given.get("sku") or {})}
        body["properties"] = {**old, **given, "sku": sku}
        body.pop("etag", None)
        return body

    def state(self, write: Write) -> Json:
        """Return when the tier was chosen."""
        old = write.current
        asked = ((write.body.get("properties") or {}).get("sku") or {}).get("name")
        if old is not None and asked in (None, old.body["properties"]["sku"]["name"]):
            return dict(old.state)
        return {"tiered": write.call.now.isoformat()}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the workspace as recorded: with an etag, or with its source where that is old."""
        shown: Json = plain(super().shown(resource, view))
        given = shown["properties"]
        tiered = resource.state.get("tiered")
        chosen = datetime.fromisoformat(tiered) if tiered else resource.created
        given["sku"]["lastSkuUpdate"] = stamp(chosen)
        if str(given["sku"]["name"]).lower() == "capacityreservation":
            given["sku"].setdefault("maxCapacityReservationLevel", _MOST_RESERVED)
        tomorrow = view.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        shown["properties"] = {
            "customerId": customer(resource.id),
            **given,
            "features": {**_FEATURES, **(given.get("features") or {})},
            "workspaceCapping": {
                "dailyQuotaGb": -1.0,
                "quotaNextResetTime": stamp(tomorrow),
                "dataIngestionStatus": "RespectQuota",
                **(given.get("workspaceCapping") or {}),
            },
            "createdDate": stamp(resource.created),
            "modifiedDate": stamp(resource.changed),
        }
        if view.version in _WITHOUT_ETAG:
            shown["properties"]["source"] = "Azure"
            return shown
        tag = guid("etag", resource.id, resource.changed.isoformat())
        return {**shown, "etag": f'"{tag}"'}


def _usual() -> Json:
    return {
        "sku": {"name": _TIER},
        "retentionInDays": _USUAL,
        "publicNetworkAccessForIngestion": "Enabled",
        "publicNetworkAccessForQuery": "Enabled",
    }


def _bad(why: str) -> Refusal:
    return Refusal(400, "InvalidParameter", why)


ROW = ResourceType(
    name=TYPE,
    versions=(
        "2020-03-01-preview",
        "2020-08-01",
        "2021-06-01",
        "2021-12-01-preview",
        "2022-10-01",
        "2023-09-01",
    ),
    names=NameRule(pattern=r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
    top_level=frozenset({"identity", "etag", "sku"}),
    create=Lro(takes=15, status=201, header="none"),
    update=Lro(takes=10, status=200, header="none"),
    behaviour=Workspaces(),
)
