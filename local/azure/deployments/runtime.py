"""What a deployment's expressions ask of the subscription: read through the door of any caller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.azure import geography, groups, places
from local.azure.arm import Call, Json, Refusal, guid
from local.azure.ids import parse
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.hashing import template_hash
from local.azure.templates.identifiers import identifier
from local.azure.templates.plan import Plan
from local.azure.world import World

_GROUPS = "2021-04-01"
_CLOUD: Json = {
    "name": "AzureCloud",
    "gallery": "https://gallery.azure.com/",
    "graph": "https://graph.windows.net/",
    "portal": "https://portal.azure.com",
    "graphAudience": "https://graph.windows.net/",
    "activeDirectoryDataLake": "https://datalake.azure.net/",
    "batch": "https://batch.core.windows.net/",
    "media": "https://rest.media.azure.net",
    "sqlManagement": "https://management.core.windows.net:8443/",
    "vmImageAliasDoc": (
        "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/"
        "quickstart-templates/aliases.json"
    ),
    "resourceManager": "https://management.azure.com/",
    "authentication": {
        "loginEndpoint": "https://login.microsoftonline.com/",
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    },
    "suffixes": {
        "acrLoginServer": ".azurecr.io",
        "azureDatalakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
        "azureDatalakeStoreFileSystem": "azuredatalakestore.net",
        "azureFrontDoorEndpointSuffix": "azurefd.net",
        "keyvaultDns": ".vault.azure.net",
        "sqlServerHostname": ".database.windows.net",
        "storage": "core.windows.net",
    },
}


@dataclass(slots=True, kw_only=True)
class Live:
    """The runtime of one deployment at one moment.

    `address` is where a linked template's text was; `done` are the keys of the plan whose
    resources are there; `groups` the regions of groups that are planned and not made yet.
    Who looks `ahead`, before the deployment starts, does not know yet what is not there: a nested
    deployment may make it.
    """

    world: World
    scope: str
    name: str
    template: Json
    mode: str
    call: Call
    location: str = ""
    address: str = ""
    plan: Plan | None = None
    done: frozenset[str] | None = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)
    template_link: Json | None = None
    ahead: bool = False
    _made: int = 0

    def now(self) -> datetime:
        """Return the instant."""
        return self.call.now

    def new_guid(self) -> str:
        """Return the next GUID of this deployment."""
        self._made += 1
        return guid("newGuid", self.scope, self.name, self.call.now.isoformat(), str(self._made))

    @property
    def group_id(self) -> str:
        """The group deployed to; empty for a subscription."""
        return self.scope if "/resourcegroups/" in self.scope.lower() else ""

    def resource_group(self) -> Any:
        """Return the group deployed to."""
        target = parse(self.scope)[0]
        if target.group is None:
            raise TemplateError(
                "The template function 'resourceGroup' is not expected at this location: the"
                " deployment is not to a resource group. Please see https://aka.ms/arm-functions"
                " for usage details."
            )
        found = self.world.groups.get(target.group.lower())
        if found is not None:
            call = self.call.asking("GET", self.scope, _GROUPS)
            return groups.shown(self.world, found, call)
        planned = self.groups.get(self.scope.lower())
        if planned is None:
            raise NotYet
        return {
            "id": self.scope,
            "name": target.group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": planned,
            "properties": {"provisioningState": "Succeeded"},
        }

    def subscription(self) -> Any:
        """Return the subscription deployed to."""
        return {
            "id": f"/subscriptions/{self.world.subscription}",
            "subscriptionId": self.world.subscription,
            "tenantId": self.world.tenant,
            "displayName": "Tesoro XP (local)",
        }

    def tenant(self) -> Any:
        """Return the tenant."""
        return {
            "tenantId": self.world.tenant,
            "country": "DE",
            "countryCode": "DE",
            "displayName": "Tesoro XP",
        }

    def management_group(self) -> Any:
        """Refuse: nothing is deployed to management groups here."""
        raise TemplateError(
            "The template function 'managementGroup' is not expected at this location: the"
            " deployment is not to a management group."
        )

    def deployment(self) -> Any:
        """Return the deployment itself."""
        told: Json = {
            "name": self.name,
            "properties": {
                "template": self.template,
                "templateHash": template_hash(self.template),
                "parameters": {},
                "mode": self.mode,
                "provisioningState": "Accepted",
            },
        }
        if self.template_link is not None:
            told["properties"]["templateLink"] = self.template_link
        return {**told, "location": self.location} if self.location else told

    def deployer(self) -> Any:
        """Return who deploys."""
        return {
            "objectId": self.call.principal,
            "tenantId": self.world.tenant,
            "userPrincipalName": "",
        }

    def environment(self) -> Any:
        """Return the cloud's addresses."""
        return _CLOUD

    def providers(self, namespace: str, kind: str | None) -> Any:
        """Return the types of a provider, or one of them."""
        rows = [
            {
                "resourceType": row.local,
                "locations": [places.shown(place) for place in row.regions if row.tracked],
                "apiVersions": list(reversed(row.versions)),
            }
            for row in self.world.table.of(namespace)
        ]
        if kind is None:
            return {"namespace": namespace, "resourceTypes": rows}
        for row in rows:
            if str(row["resourceType"]).lower() == kind.lower():
                return row
        raise TemplateError(f"The resource type '{namespace}/{kind}' is not found.")

    def zones(self, namespace: str, kind: str, place: str, count: int, offset: int) -> list[str]:
        """Return zones of a region, from the first or an offset; none where it has none."""
        return list(geography.zones(place)[offset : offset + count])

    def reference(self, name: str, version: str | None, *, full: bool) -> Any:
        """Return what a resource says of itself."""
        if name.endswith("[*]"):
            items = self.plan.named(name[:-3]) if self.plan else []
            return [self.reference(one.key, version, full=full) for one in items]
        target, known = self._target(name)
        used = version or known
        if not used:
            raise TemplateError(
                f"The template function 'reference' needs an api-version for '{name}', which is"
                " not in the template. Please see https://aka.ms/arm-functions#reference for"
                " usage details."
            )
        body = self._read(self.call.asking("GET", target, used))
        if not full:
            return body.get("properties", {})
        own = {"apiVersion": used, "referenceApiVersion": used, "resourceId": target}
        place = parse(target)[0]
        where = {"subscriptionId": place.subscription, "resourceGroupName": place.group or ""}
        return {**own, **where, **{k: v for k, v in body.items() if k not in {"id", "name"}}}

    def listed(self, function: str, name: str, version: str, values: Any) -> Any:
        """Return what an action of a resource answers."""
        target, _ = self._target(name)
        call = self.call.asking("POST", f"{target}/{function}", version, values)
        return self._read(call)

    def _read(self, call: Call) -> Json:
        try:
            return self.world.door(self.world, call).body or {}
        except Refusal as refusal:
            if self.ahead:
                raise NotYet from refusal
            raise

    def _target(self, name: str) -> tuple[str, str]:
        """Return a resource's identifier and the api-version that its template gives it."""
        known = self.plan.named(name) if self.plan is not None else []
        if self.plan is not None and known:
            item = known[0]
            if not item.enabled:
                raise TemplateError(
                    f"The resource '{item.id}' is not deployed: its condition is false."
                )
            if self.done is None or item.key not in self.plan.settled(self.done):
                raise NotYet
            return item.id, item.version
        if self.done is None:
            raise NotYet
        if name.startswith("/"):
            return name, ""
        words = name.split("/")
        if len(words) > 2 and "." in words[0]:
            kind = "/".join((words[0], *words[1::2]))
            return identifier(kind, "/".join(words[2::2]), self.scope), ""
        raise TemplateError(
            f"The resource '{name}' is not defined in the template, and is no identifier. Please"
            " see https://aka.ms/arm-functions#reference for usage details."
        )
