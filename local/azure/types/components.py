"""Application Insights components, as far as a name and its keys go.

Recorded: done at once with 200, the provider's name in lower case, keys made up by the service.
"""

from datetime import datetime

from local.azure import places
from local.azure.arm import Json, Refusal, guid, stamp
from local.azure.table import Behaviour, NameRule, ResourceType, View, Write
from local.azure.types import facts
from local.azure.world import Resource, plain

TYPE = "Microsoft.Insights/components"
VERSIONS = ("2015-05-01", "2018-05-01-preview", "2020-02-02-preview", "2020-02-02")
READ_ONLY = (
    "AppId",
    "ApplicationId",
    "InstrumentationKey",
    "ConnectionString",
    "CreationDate",
    "TenantId",
    "Name",
    "Ver",
    "provisioningState",
)
_DEFAULTS: Json = {
    "Application_Type": "web",
    "Flow_Type": None,
    "Request_Source": None,
    "SamplingPercentage": None,
    "RetentionInDays": 90,
    "publicNetworkAccessForIngestion": "Enabled",
    "publicNetworkAccessForQuery": "Enabled",
}
_RETENTIONS = (30, 60, 90, 120, 180, 270, 365, 550, 730)


class Components(Behaviour):
    """Components, on a workspace or (as it was once) on their own."""

    def check(self, write: Write) -> None:
        """Refuse a component without kind, and a workspace that does not exist."""
        if not write.body.get("kind"):
            raise _bad("The component has no 'kind'.")
        given = write.body.get("properties") or {}
        kind = given.get("Application_Type", "web")
        facts.check_choice(kind, ("web", "other"), _bad("Application_Type is not valid."))
        days = _bad("RetentionInDays is not valid.")
        facts.check_choice(given.get("RetentionInDays"), _RETENTIONS, days)
        workspace = given.get("WorkspaceResourceId")
        if workspace is not None and write.world.find(str(workspace)) is None:
            raise _bad(f"The workspace '{workspace}' does not exist.")

    def shape(self, write: Write) -> Json:
        """Return the body over what there was."""
        body = facts.without(write.body, READ_ONLY)
        old = write.current.body["properties"] if write.current else _DEFAULTS
        body["properties"] = {**old, **body["properties"]}
        body.setdefault("tags", {})
        body.pop("etag", None)
        return body

    def state(self, write: Write) -> Json:
        """Return when the component was made, and for whom."""
        if write.current is not None:
            return dict(write.current.state)
        return {"born": write.call.now.isoformat(), "tenant": write.world.tenant}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the component as recorded."""
        body: Json = plain(resource.body)
        name, key = resource.name, guid("instrumentation", resource.id)
        app, place = guid("application", resource.id), body["location"]
        given = body["properties"]
        host = f"https://{place}-1.in.applicationinsights.azure.com/"
        given.setdefault(
            "IngestionMode",
            "LogAnalytics" if given.get("WorkspaceResourceId") else "ApplicationInsights",
        )
        told = {
            "ApplicationId": name,
            "AppId": app,
            "InstrumentationKey": key,
            "ConnectionString": (
                f"InstrumentationKey={key};IngestionEndpoint={host};ApplicationId={app}"
            ),
            "Name": name,
            "CreationDate": stamp(datetime.fromisoformat(resource.state["born"])).replace(
                "Z", "+00:00"
            ),
            "TenantId": resource.state["tenant"],
            "provisioningState": "Succeeded",
            "Ver": "v2",
        }
        body["properties"] = {**given, **told}
        path = resource.id.replace("/Microsoft.Insights/", "/microsoft.insights/")
        tag = f'"{guid("etag", resource.id, resource.changed.isoformat())}"'
        head = {"id": path, "name": name, "type": "microsoft.insights/components"}
        return {**body, "etag": tag, **head, "location": places.normal(place)}


def _bad(why: str) -> Refusal:
    return Refusal(400, "BadRequest", why)


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(pattern=r"[^<>%&#\\?/]{0,259}[^<>%&#\\?/. ]"),
    top_level=frozenset({"kind", "etag"}),
    created_status=200,
    behaviour=Components(),
)
