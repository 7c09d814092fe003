"""Cosmos DB accounts and caches: what changes nothing, what is restored, who one is meanwhile."""

from typing import Any

from .kit import SCOPE, Azure

COSMOS, CACHES = "2025-04-15", "2024-11-01"
_KEPT = {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous7Days"}}


def _account(azure: Azure, name: str, **properties: Any) -> str:
    path = f"{azure.group()}/providers/Microsoft.DocumentDB/databaseAccounts/{name}"
    place = {"locationName": "westeurope", "failoverPriority": 0}
    given = {"databaseAccountOfferType": "Standard", "locations": [place], **properties}
    body = {"location": "westeurope", "properties": given}
    answer = azure.call("PUT", path, body, version=COSMOS)
    assert answer.status_code == 200, answer.text
    azure.clock.advance(600)
    return path


def test_a_restored_account_speaks_the_interfaces_of_its_source(azure: Azure) -> None:
    held = [{"name": "EnableGremlin"}]
    source = _account(azure, "db-source", backupPolicy=_KEPT, capabilities=held)
    instance = azure.call("GET", source, version=COSMOS).json()["properties"]["instanceId"]
    where = f"{SCOPE}/providers/Microsoft.DocumentDB/locations/westeurope"
    restorable = f"{where}/restorableDatabaseAccounts/{instance}"
    asked = {"restoreMode": "PointInTime", "restoreSource": restorable}

    listed = azure.call("GET", restorable, version=COSMOS).json()
    path = _account(azure, "db-copy", createMode="Restore", restoreParameters=asked)

    assert listed["properties"]["accountName"] == "db-source"
    shown = azure.call("GET", path, version=COSMOS).json()["properties"]
    assert shown["capabilities"] == held
    assert shown["gremlinEndpoint"].startswith("https://db-copy.")


def test_an_account_without_continuous_backups_is_not_restorable(azure: Azure) -> None:
    path = _account(azure, "db-plain")
    instance = azure.call("GET", path, version=COSMOS).json()["properties"]["instanceId"]
    where = f"{SCOPE}/providers/Microsoft.DocumentDB/locations/westeurope"

    found = azure.call("GET", f"{where}/restorableDatabaseAccounts/{instance}", version=COSMOS)

    assert found.status_code == 404


def test_an_account_shows_its_old_identity_until_the_work_is_over(azure: Azure) -> None:
    path = _account(azure, "db-named")

    body = {"identity": {"type": "SystemAssigned"}}
    begun = azure.call("PATCH", path, body, version=COSMOS).json()
    azure.clock.advance(600)

    assert begun["identity"] == {"type": "None"}
    assert "principalId" in azure.call("GET", path, version=COSMOS).json()["identity"]


def test_a_database_made_with_a_throughput_has_one(azure: Azure) -> None:
    path = _account(azure, "db-fast") + "/sqlDatabases/one"
    given: Any = {"resource": {"id": "one"}, "options": {"throughput": "800"}}
    azure.call("PUT", path, {"properties": given}, version=COSMOS)
    azure.clock.advance(60)

    found = azure.call("GET", f"{path}/throughputSettings/default", version=COSMOS).json()
    given = {"resource": {"autoscaleSettings": {"maxThroughput": 4000}}}
    azure.call("PUT", f"{path}/throughputSettings/default", {"properties": given}, version=COSMOS)
    azure.clock.advance(60)
    scaled = azure.call("GET", f"{path}/throughputSettings/default", version=COSMOS).json()

    assert found["properties"]["resource"]["throughput"] == 800
    assert scaled["properties"]["resource"]["throughput"] == 400


def _cache(azure: Azure) -> str:
    path = f"{azure.group()}/providers/Microsoft.Cache/redis/cache-one"
    sku = {"name": "Basic", "family": "C", "capacity": 0}
    body = {"location": "westeurope", "properties": {"sku": sku}}
    made = azure.call("PUT", path, body, version=CACHES)
    assert made.json()["properties"]["accessKeys"]["primaryKey"]
    azure.clock.advance(1000)
    return path


def test_a_patch_of_a_cache_that_changes_but_tags_is_done_at_once(azure: Azure) -> None:
    path = _cache(azure)

    body = {"tags": {"a": "b"}, "properties": {"enableNonSslPort": False}}
    same = azure.call("PATCH", path, body, version=CACHES)
    other = azure.call("PATCH", path, {"properties": {"enableNonSslPort": True}}, version=CACHES)

    assert (same.status_code, same.json()["tags"]) == (200, {"a": "b"})
    assert same.json()["properties"]["accessKeys"] is None
    assert other.status_code == 202


def test_a_cache_without_an_identity_shows_none(azure: Azure) -> None:
    path = _cache(azure)
    azure.call("PATCH", path, {"identity": {"type": "None"}}, version=CACHES)

    assert "identity" not in azure.call("GET", path, version=CACHES).json()
