"""Cosmos DB accounts, what they can be restored from, and the throughput of what is in them.

What a table cannot say: an account shows its old identity until the work that changes it is over;
one that backs itself up continuously is listed as restorable, under the name of its instance; a
restored one speaks the interfaces of its source; and a throughput is there for whatever was made
with one.
"""

from datetime import datetime

from local.azure import places
from local.azure.arm import Answer, Call, Json, Refusal, stamp
from local.azure.declared.behaviour import Declared
from local.azure.ids import Id
from local.azure.table import ProviderCall, View, Write
from local.azure.world import Resource, World, plain

TYPE = "Microsoft.DocumentDB/databaseAccounts"
_RESTORABLE = "locations restorableDatabaseAccounts"
_VERSIONS = (
    *("2021-04-01-preview", "2021-07-01-preview", "2021-10-15", "2021-10-15-preview"),
    *("2021-11-15-preview", "2022-02-15-preview", "2022-05-15", "2022-05-15-preview"),
    *("2022-08-15", "2022-08-15-preview", "2022-11-15", "2023-03-15", "2023-03-15-preview"),
    *("2023-04-15", "2023-09-15", "2023-09-15-preview", "2023-11-15", "2023-11-15-preview"),
    *("2024-02-15-preview", "2024-05-15", "2024-05-15-preview", "2024-08-15"),
    *("2024-09-01-preview", "2024-11-15", "2024-12-01-preview", "2025-04-15"),
    *("2025-05-01-preview", "2025-10-15"),
)
_LEAST_SHARE = 10  # an idle autoscaled database runs at a tenth of its most


class Account(Declared):
    """What its table says, its identity while that changes, and what it was restored with."""

    def shape(self, write: Write) -> Json:
        """Return the body, with the capabilities of the account that it is restored from."""
        body = super().shape(write)
        properties = body["properties"]
        source = str((properties.get("restoreParameters") or {}).get("restoreSource") or "")
        if write.current is None and not write.seeding and source:
            found = restorable(write.world, source.rpartition("/")[2], write.call)
            held = (found.body.get("properties") or {}).get("capabilities") if found else None
            if held and not properties.get("capabilities"):
                properties["capabilities"] = plain(held)
        return body

    def state(self, write: Write) -> Json:
        """Remember the identity that is shown until the work is over."""
        kept = super().state(write)
        current = write.current
        if current is None or write.seeding:
            return kept
        return {**kept, "identity": current.body.get("identity") or {"type": "None"}}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the body with the identity it had where it is being changed."""
        body = super().shown(resource, view)
        was = resource.state.get("identity")
        if "identity" in body and was is not None and resource.provisioning == "Updating":
            body["identity"] = was
        return body


class MongoDatabase(Declared):
    """A database of documents as MongoDB has them, in an account that speaks so."""

    def always(self, world: World, above: Resource, now: datetime) -> list[Resource]:
        """Refuse to look for one in an account of another kind."""
        if above.body.get("kind") != "MongoDB":
            raise Refusal(
                405,
                "MethodNotAllowed",
                "Requests for API mongodb are not supported for this account.",
            )
        return []


class Throughput(Declared):
    """The throughput of a database or a container, there as soon as it was made with one."""

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the body with what an autoscaled one runs at."""
        body = super().shown(resource, view)
        told = body["properties"].get("resource") or {}
        most = (told.get("autoscaleSettings") or {}).get("maxThroughput")
        if isinstance(most, int):
            told.setdefault("throughput", most // _LEAST_SHARE)
        return body

    def always(self, world: World, above: Resource, now: datetime) -> list[Resource]:
        """Return the throughput that was asked for with what is above, if one was."""
        asked = (above.body.get("properties") or {}).get("options") or {}
        if not asked.get("throughput"):
            return []
        given = {"resource": {"throughput": int(asked["throughput"])}}
        return [
            Resource(
                id=f"{above.id}/throughputSettings/default",
                type=f"{above.type}/throughputSettings",
                name="default",
                body={"properties": given},
                created=above.created,
                changed=above.changed,
                provisioning="Succeeded",
            )
        ]


def restorable(world: World, instance: str, call: Call) -> Resource | None:
    """Return the account with continuous backups whose instance has a name."""
    for item in world.all_of(TYPE):
        told = _properties(world, item, call)
        kind = (told.get("backupPolicy") or {}).get("type")
        if kind == "Continuous" and str(told.get("instanceId")).lower() == instance.lower():
            return item
    return None


def _properties(world: World, item: Resource, call: Call) -> Json:
    newest = world.table.find(TYPE)
    version = newest.versions[-1] if newest else call.version
    found: Json = world.shown(item, View(now=call.now, version=version))["properties"]
    return found


def _asked(world: World, call: Call, target: Id) -> Answer:
    """Answer what an account can be restored from, by the name of its instance."""
    instance = target.last.names[-1]
    found = restorable(world, instance, call)
    place = places.normal(str(found.body["location"])) if found else ""
    if found is None or place != places.normal(target.last.names[0]):
        message = f"Restorable database account '{instance}' could not be found."
        raise Refusal(404, "NotFound", message)
    born = stamp(found.created)
    told = _properties(world, found, call)
    where = {"locationName": places.shown(place), "creationTime": born}
    body = {
        "name": instance,
        "location": places.shown(place),
        "type": "Microsoft.DocumentDB/locations/restorableDatabaseAccounts",
        "id": str(target),
        "properties": {
            "accountName": found.name,
            "apiType": told["EnabledApiTypes"],
            "creationTime": born,
            "oldestRestorableTime": born,
            "restorableLocations": [{**where, "regionalDatabaseAccountInstanceId": instance}],
        },
    }
    return Answer(status=200, body=body)


CALLS = (
    ProviderCall(
        namespace="Microsoft.DocumentDB", words=_RESTORABLE, versions=_VERSIONS, answer=_asked
    ),
)
