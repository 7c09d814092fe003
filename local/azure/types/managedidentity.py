"""User-assigned identities and their federated credentials.

Recorded: 201 with a relative `Location` when new, 200 after; a deletion answers an empty 200; the
provider writes `resourcegroups` in lower case in its identifiers and always shows tags.
"""

from collections.abc import Mapping

from local.azure.arm import Answer, Json, Refusal
from local.azure.era import ERA
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write, made_up
from local.azure.world import Resource

TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
VERSIONS = (
    "2015-08-31-preview",
    "2018-11-30",
    "2021-09-30-preview",
    "2022-01-31-preview",
    "2023-01-31",
    "2023-07-31-preview",
    "2024-11-30",
)
MOST_CREDENTIALS = 20
_SECRET = "2021-12"  # the last month in which the preview of 2021 told where a secret is


def _lower(text: str) -> str:
    return text.replace("/resourceGroups/", "/resourcegroups/")


class _Located(Behaviour):
    def headers(self, resource: Resource, *, new: bool) -> Mapping[str, str]:
        """Return where the new thing is."""
        return {"location": _lower(resource.id)} if new else {}


class Identities(_Located):
    """An identity gets a principal and a client, made up once and for all from its path."""

    def shape(self, write: Write) -> Json:
        """Return the body with the provider's own properties and no others."""
        ids = {
            "tenantId": write.world.tenant,
            "principalId": made_up("principal", write.id),
            "clientId": made_up("client", write.id),
        }
        kept: Json = {
            name: write.body[name] for name in ("location", "tags") if name in write.body
        }
        return {"tags": {}, **kept, "properties": ids}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the identity as recorded."""
        body = super().shown(resource, view)
        if view.version == "2015-08-31-preview" or (
            view.version == "2021-09-30-preview" and ERA.get() <= _SECRET
        ):
            properties = body["properties"]
            body["properties"] = {**properties, "clientSecretUrl": "https://control-westus"}
        return {**body, "id": _lower(resource.id)}


class Credentials(_Located):
    """Trust in another issuer's tokens."""

    def check(self, write: Write) -> None:
        """Refuse a credential without its three parts, and one too many."""
        properties = write.body.get("properties") or {}
        for field in ("issuer", "subject", "audiences"):
            if not properties.get(field):
                raise Refusal(
                    400,
                    "BadRequest",
                    f"Federated identity credential must have a non-empty '{field}'.",
                )
        mine = write.id.parent().key + "/"
        twins = [
            item
            for item in write.world.all_of(write.type.name)
            if item.id.lower().startswith(mine) and item.id.lower() != write.id.key
        ]
        pair = (properties["issuer"], properties["subject"])
        if any(
            (t.body["properties"]["issuer"], t.body["properties"]["subject"]) == pair
            for t in twins
        ):
            raise Refusal(
                409,
                "Conflict",
                "Issuer and subject combination already exists for this Managed Identity.",
            )
        if len(twins) >= MOST_CREDENTIALS:
            raise Refusal(
                400, "BadRequest", f"An identity has at most {MOST_CREDENTIALS} credentials."
            )

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the credential as recorded."""
        return {**super().shown(resource, view), "id": _lower(resource.id)}


def _associated(use: Use) -> Answer:
    mine = use.resource.id.lower()
    users = [
        item
        for item in use.world.resources.values()
        if mine
        in {
            name.lower()
            for name in (item.body.get("identity") or {}).get("userAssignedIdentities") or {}
        }
    ]
    value = [{"id": item.id, "name": item.name, "type": item.type} for item in users]
    return Answer(status=200, body={"totalCount": len(value), "value": value})


ROWS = (
    ResourceType(
        name=TYPE,
        versions=VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9][\w-]{2,127}"),
        provisioning=False,
        group_delete=5.0,
        actions={("POST", "listassociatedresources"): _associated},
        behaviour=Identities(),
    ),
    ResourceType(
        name=f"{TYPE}/federatedIdentityCredentials",
        versions=VERSIONS[3:],
        names=NameRule(pattern=r"[A-Za-z0-9][\w-]{2,119}"),
        tracked=False,
        provisioning=False,
        group_delete=5.0,
        behaviour=Credentials(),
    ),
)
