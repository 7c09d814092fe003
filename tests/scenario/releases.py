"""A service in production with two revisions, the people who use it, and what watches it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from provisioning import views
from provisioning.azure.protocol import Ready
from provisioning.azure.resources import revisions
from provisioning.catalog import Canary
from provisioning.intake import alerts, releasing
from provisioning.model import Release
from tests.town import ANYBODY, SUBSCRIPTION, Town

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-tesoro-production"
APP = f"{GROUP}/providers/Microsoft.App/containerApps/rewards-api"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-tesoro-production"
ENVIRONMENT = f"{GROUP}/providers/Microsoft.App/managedEnvironments/cae-tesoro-production"
V1, V2 = "rewards-api--v1", "rewards-api--v2"
A_MINUTE = timedelta(minutes=1)
A_MINUTES_REQUESTS = 40  # of each revision
QUICK = Canary(weights=(25, 50), bake=timedelta(minutes=3), least_requests=80)


class Service:
    """The service `rewards-api` in production, as others built it."""

    def __init__(self, town: Town, canary: Canary | None = QUICK) -> None:
        """Build it; its canaries are quick ones, or (None) as the catalog says."""
        self.town = town
        if canary is not None:
            catalog = replace(town.services.catalog, canary=canary)
            town.services = replace(town.services, catalog=catalog)
        build(town)
        town.forget_calls()
        self.failing = 0.0
        self.is_silent = False

    def rebuild(self) -> None:
        """Have the traffic as it was at first."""
        if self.weights() != {V1: 100}:
            self.by_hand(v1=100, v2=0)

    # Releases

    def release(self, version: str = "v2") -> Release:
        """Ask for a release and let it begin."""
        content = {"environment": "production", "service": "rewards-api", "version": version}
        begun = releasing.begin(self.town.services, ANYBODY, content)
        self.town.settle()
        return begun.release

    def now(self, release: Release) -> Release:
        """Return the release as it is now."""
        found = releasing.find(self.town.services, release.id)
        assert found is not None
        return found

    def decisions(self, release: Release) -> list[dict[str, Any]]:
        """Return what was decided about it, as the API shows it."""
        shown = views.one_release(self.town.services, self.now(release))
        return list(shown["decisions"])

    def minutes(self, count: int) -> None:
        """Let minutes pass, each with the requests of people."""
        for _ in range(count):
            self.serve()
            self.town.pass_time(A_MINUTE)

    def until(self, release: Release, status: str, most: int = 60) -> Release:
        """Let minutes pass until the release has come that far."""
        for _ in range(most):
            if self.now(release).status == status:
                return self.now(release)
            self.minutes(1)
        found = self.now(release)
        raise AssertionError(f"it is {found.status}, never {status}: {found.because}")

    def until_weight(self, release: Release, weight: int, most: int = 60) -> Release:
        """Let minutes pass until the canary has that share."""
        for _ in range(most):
            if self.now(release).weight == weight:
                return self.now(release)
            self.minutes(1)
        found = self.now(release)
        raise AssertionError(f"it stands at {found.weight}, never {weight}: {found.because}")

    # The world

    def serve(self) -> None:
        """Have a minute's requests served by both revisions, and told to the workspace."""
        if self.is_silent:
            return
        now = self.town.clock.now()
        failures = round(self.failing * A_MINUTES_REQUESTS)
        rows = [
            {
                "TimeGenerated": (now + number * timedelta(seconds=0.5)).isoformat(),
                "AppRoleName": "rewards-api",
                "AppRoleInstance": f"{revision}-7f9c-{number % 3}",
                "AppVersion": revision.rpartition("--")[2],
                "Success": not (revision == V2 and number < failures),
                "ResultCode": "500" if revision == V2 and number < failures else "200",
                "ItemCount": 1,
                "DurationMs": 12.5,
                "Name": "GET /balance",
                "workspace": WORKSPACE,
            }
            for revision in (V1, V2)
            for number in range(A_MINUTES_REQUESTS)
        ]
        self.town.telemetry("AppRequests", rows)

    def weights(self) -> dict[str, int]:
        """Return who has which share of the traffic in Azure, those without left aside."""
        app = next(r for r in self.town.resources() if r["id"].lower() == APP.lower())
        traffic = app["properties"]["configuration"]["ingress"]["traffic"]
        return {t["revisionName"]: t["weight"] for t in traffic if t["weight"]}

    def writes(self) -> list[dict[str, Any]]:
        """Return the calls that changed the container app."""
        return [
            c
            for c in self.town.calls("PATCH")
            if c["path"].lower() == APP.lower() and c["status"] in (200, 202)
        ]

    def by_hand(self, **shares: int) -> None:
        """Have somebody move the traffic in the portal."""
        traffic = [{"revisionName": f"rewards-api--{v}", "weight": w} for v, w in shares.items()]
        body = {"properties": {"configuration": {"ingress": {"traffic": traffic}}}}
        self.town.services.azure.patch_resource(APP, revisions.API, body)
        self.town.clock.advance(30)

    def reshape(
        self, *, shares: dict[str, int] | None = None, mode: str = "", gone: bool = False
    ) -> None:
        """Have somebody change what a canary needs: the traffic, the mode, or that it is there."""
        azure = self.town.services.azure
        for version in (shares or {}).keys() - {"v1", "v2"}:
            body = revisions.new_revision_body(
                revisions.read(ready(self.town)), "rewards-api", version
            )
            azure.patch_resource(APP, revisions.API, body)
            self.town.clock.advance(60)
        if shares:
            self.by_hand(**shares)
        if mode:
            body = {"properties": {"configuration": {"activeRevisionsMode": mode}}}
            azure.patch_resource(APP, revisions.API, body)
        if gone:
            azure.delete_resource(APP, revisions.API)
        self.town.clock.advance(60)

    # Alerts

    def fire(self, number: int = 1, *, listed: bool = True, **given: Any) -> str:
        """Have an alert fire, listed by Azure or forged, and come in; return its id here."""
        payload = self.alert(number, **given)
        if listed:
            self.town.list_alert(payload)
        return self.receive(payload)

    def receive(self, payload: Any) -> str:
        """Have a payload come in at the door."""
        body = json.dumps(payload).encode()
        return alerts.receive(self.town.services, body, payload).id

    def alert(self, number: int = 1, **given: Any) -> dict[str, Any]:
        """Return an alert in the common schema, fired now on the container app."""
        name = f"0a1b2c3d-0000-4000-8000-{number:012d}"
        essentials = {
            "alertId": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement"
            f"/alerts/{name}",
            "alertRule": "too many failures",
            "severity": "Sev1",
            "signalType": "Metric",
            "monitorCondition": "Fired",
            "monitoringService": "Platform",
            "alertTargetIDs": [APP.replace("resourceGroups", "resourcegroups").lower()],
            "originAlertId": f"{SUBSCRIPTION}_too_many_failures_1",
            "firedDateTime": self.town.clock.now().isoformat(),
            "description": "",
            "essentialsVersion": "1.0",
            "alertContextVersion": "1.0",
        }
        return {
            "schemaId": "azureMonitorCommonAlertSchema",
            "data": {"essentials": essentials | given, "alertContext": {}},
        }

    def stored(self, identity: str) -> alerts.Stored:
        """Return what became of an alert."""
        found = alerts.recent(self.town.services, most=100)
        return next(stored for stored in found if stored.id == identity)


def build(town: Town) -> None:
    """Have the service in Azure as others would build it: v1 has the traffic, v2 has none."""
    place = {"location": "westeurope"}
    town.seed(
        {"id": GROUP, "type": "Microsoft.Resources/resourceGroups", **place},
        {
            "id": WORKSPACE,
            "type": "Microsoft.OperationalInsights/workspaces",
            "properties": {"sku": {"name": "PerGB2018"}},
            **place,
        },
        {
            "id": ENVIRONMENT,
            "type": "Microsoft.App/managedEnvironments",
            "properties": {},
            **place,
        },
    )
    town.services.azure.put_resource(APP, revisions.API, app_body())
    town.clock.advance(60)
    app = revisions.read(ready(town))
    body = revisions.new_revision_body(app, "rewards-api", "v2")
    town.services.azure.patch_resource(APP, revisions.API, body)
    town.clock.advance(60)
    assert revisions.read(ready(town)).weights == {V1: 100}


def app_body(**given: Any) -> dict[str, Any]:
    """Return the container app as it was first made."""
    container = {
        "name": "rewards-api",
        "image": "ghcr.io/tesoro/rewards-api:v1",
        "resources": {"cpu": 0.5, "memory": "1Gi"},
    }
    return {
        "location": "westeurope",
        "properties": {
            "managedEnvironmentId": ENVIRONMENT,
            "configuration": {
                "activeRevisionsMode": given.get("mode", "Multiple"),
                "ingress": {
                    "external": True,
                    "targetPort": 8080,
                    "traffic": given.get("traffic", [{"revisionName": V1, "weight": 100}]),
                },
            },
            "template": {
                "revisionSuffix": "v1",
                "containers": given.get("containers", [container]),
                "scale": {"minReplicas": 2, "maxReplicas": 10},
            },
        },
    }


def ready(town: Town) -> Mapping[str, Any]:
    """Return the container app's body."""
    match town.services.azure.resource(APP, revisions.API):
        case Ready(body):
            return body
        case other:
            raise AssertionError(other)
