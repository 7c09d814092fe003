"""Storage accounts: redundancy, the other region, the blob service's promises, keys."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from .kit import Azure, code, properties_of

VERSION = "2023-05-01"
STATS = "$expand=geoReplicationStats"


def an_account(sku: str = "Standard_LRS", **properties: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": sku},
        "properties": properties,
    }


@pytest.fixture
def path(azure: Azure) -> str:
    return f"{azure.group()}/providers/Microsoft.Storage/storageAccounts/sttesoro"


def _properties(azure: Azure, path: str) -> Any:
    return azure.get(path, VERSION)["properties"]


def _stats(azure: Azure, path: str) -> Any:
    return _properties(azure, f"{path}?{STATS}").get("geoReplicationStats")


def _service(azure: Azure, path: str, **properties: Any) -> Any:
    body = {"properties": properties}
    return azure.call("PUT", f"{path}/blobServices/default", body, version=VERSION)


def _soft(days: int) -> dict[str, Any]:
    return {"enabled": True, "days": days}


def _safe(days: int) -> dict[str, Any]:
    return {
        "isVersioningEnabled": True,
        "changeFeed": {"enabled": True},
        "deleteRetentionPolicy": _soft(days),
    }


def test_an_account_is_made_and_told_with_its_endpoints(azure: Azure, path: str) -> None:
    poller = azure.arm.resources.begin_create_or_update_by_id(
        path, an_account("Standard_RAGZRS", accessTier="Cool"), api_version=VERSION
    )
    azure.clock.advance(20)
    poller.result()

    made = azure.arm.resources.get_by_id(path, api_version=VERSION)
    assert made.sku is not None
    assert (made.sku.name, made.sku.tier, made.kind) == (
        "Standard_RAGZRS",
        "Standard",
        "StorageV2",
    )
    told = properties_of(made)
    assert told["accessTier"] == "Cool"
    assert (told["primaryLocation"], told["secondaryLocation"]) == ("westeurope", "northeurope")
    assert told["statusOfPrimary"] == told["statusOfSecondary"] == "available"
    assert told["primaryEndpoints"]["blob"] == "https://sttesoro.blob.core.windows.net/"
    second = told["secondaryEndpoints"]["blob"]
    assert second == "https://sttesoro-secondary.blob.core.windows.net/"


def test_an_account_of_one_region_has_no_second(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account("Standard_ZRS")})

    told = _properties(azure, path)

    assert not {"secondaryLocation", "statusOfSecondary", "secondaryEndpoints"} & set(told)
    assert _stats(azure, path) is None


def test_the_other_region_is_told_when_it_is_asked_for(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account("Standard_RAGZRS")})
    azure.clock.advance(777)

    stats = _stats(azure, path)

    assert "geoReplicationStats" not in _properties(azure, path)
    assert (stats["status"], stats["canFailover"]) == ("Live", True)
    behind = azure.clock.now() - datetime.fromisoformat(stats["lastSyncTime"])
    assert timedelta(0) < behind < timedelta(minutes=15)


def test_a_second_region_has_to_be_filled_first(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account()})

    changed = azure.call("PATCH", path, {"sku": {"name": "Standard_GRS"}}, version=VERSION)
    before = _stats(azure, path)
    azure.clock.advance(600)
    after = _stats(azure, path)

    assert changed.status_code == 200
    assert (before["status"], before["canFailover"]) == ("Bootstrap", False)
    assert "lastSyncTime" not in before
    assert after["status"] == "Live"


@pytest.mark.parametrize(
    "fact",
    [
        {"lastSyncTime": "2026-01-01T00:00:00Z"},
        {"status": "Unavailable", "canFailover": False},
    ],
)
def test_a_seed_can_spoil_the_other_region(azure: Azure, path: str, fact: dict[str, Any]) -> None:
    azure.seed({"id": path, **an_account("Standard_RAGRS", geoReplicationStats=fact)})

    stats = _stats(azure, path)

    assert {name: stats[name] for name in fact} == fact
    assert "geoReplicationStats" not in _properties(azure, path)


def test_a_second_seed_replaces_the_first_with_its_facts(azure: Azure, path: str) -> None:
    bad = {"status": "Unavailable"}
    azure.seed({"id": path, **an_account("Standard_RAGRS", geoReplicationStats=bad)})

    azure.seed({"id": path, **an_account("Standard_RAGRS")})

    assert _stats(azure, path)["status"] == "Live"


def test_nobody_sets_the_state_of_the_other_region(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account("Standard_RAGRS")})
    lie = {"properties": {"geoReplicationStats": {"status": "Unavailable"}}}

    azure.call("PATCH", path, lie, version=VERSION)

    assert _stats(azure, path)["status"] == "Live"


def test_every_account_has_a_blob_service(azure: Azure, path: str) -> None:
    azure.call("PUT", path, an_account(), version=VERSION)
    azure.clock.advance(20)

    found = _properties(azure, f"{path}/blobServices/default")
    other = azure.call("PUT", f"{path}/blobServices/other", {}, version=VERSION)

    assert found["deleteRetentionPolicy"]["enabled"] is False
    assert code(other) == (400, "InvalidResourceName")


def test_a_service_keeps_what_a_put_leaves_out(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account()})

    first = _service(azure, path, isVersioningEnabled=True)
    second = _service(azure, path, containerDeleteRetentionPolicy=_soft(7))

    assert [first.status_code, second.status_code] == [200, 200]
    told = _properties(azure, f"{path}/blobServices/default")
    assert told["isVersioningEnabled"] is True
    assert told["containerDeleteRetentionPolicy"] == _soft(7)


@pytest.mark.parametrize("missing", ["isVersioningEnabled", "changeFeed", "deleteRetentionPolicy"])
def test_a_restore_policy_needs_what_it_restores_from(
    azure: Azure, path: str, missing: str
) -> None:
    azure.seed({"id": path, **an_account()})
    given = {name: value for name, value in _safe(30).items() if name != missing}

    answer = _service(azure, path, **given, restorePolicy=_soft(29))

    assert code(answer) == (400, "ContainerOperationFailure")
    assert missing in answer.json()["error"]["message"]


@pytest.mark.parametrize("days", [0, 30, 31, None])
def test_a_restore_reaches_back_less_far_than_soft_deletion(
    azure: Azure, path: str, days: int | None
) -> None:
    azure.seed({"id": path, **an_account()})
    policy = {"enabled": True, **({} if days is None else {"days": days})}

    answer = _service(azure, path, **_safe(30), restorePolicy=policy)

    assert code(answer) == (400, "InvalidValuesForRequestParameters")


def test_a_restore_policy_keeps_what_it_needs_from_being_turned_off(
    azure: Azure, path: str
) -> None:
    azure.seed({"id": path, **an_account()})
    assert _service(azure, path, **_safe(30), restorePolicy=_soft(29)).status_code == 200

    answer = _service(azure, path, isVersioningEnabled=False)

    assert code(answer) == (400, "ContainerOperationFailure")


def test_the_restore_window_grows_from_when_the_policy_was_set(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account()})
    start = azure.clock.now()
    _service(azure, path, **_safe(30), restorePolicy=_soft(29))

    def reach() -> datetime:
        told = _properties(azure, f"{path}/blobServices/default")
        return datetime.fromisoformat(told["restorePolicy"]["minRestoreTime"])

    first = reach()
    azure.clock.advance(timedelta(days=40).total_seconds())
    second = reach()

    assert (first, second) == (start, start + timedelta(days=11))


def test_a_seeded_restore_policy_is_older_than_its_window(azure: Azure, path: str) -> None:
    azure.seed(
        {"id": path, **an_account()},
        {
            "id": f"{path}/blobServices/default",
            "properties": {**_safe(30), "restorePolicy": _soft(29)},
        },
    )

    policy = _properties(azure, f"{path}/blobServices/default")["restorePolicy"]

    reach = datetime.fromisoformat(policy["minRestoreTime"])
    assert reach == azure.clock.now() - timedelta(days=29)


def test_a_seed_can_say_that_a_restore_reaches_less_far(azure: Azure, path: str) -> None:
    late = (azure.clock.now() - timedelta(hours=1)).isoformat()
    policy = {**_soft(29), "minRestoreTime": late}

    azure.seed(
        {"id": path, **an_account()},
        {
            "id": f"{path}/blobServices/default",
            "properties": {**_safe(30), "restorePolicy": policy},
        },
    )

    told = _properties(azure, f"{path}/blobServices/default")
    assert told["restorePolicy"]["minRestoreTime"] == late


def test_keys_are_listed_and_made_anew(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account()})

    before = azure.call("POST", f"{path}/listKeys", version=VERSION).json()["keys"]
    body = {"keyName": "key1"}
    after = azure.call("POST", f"{path}/regenerateKey", body, version=VERSION).json()["keys"]

    assert [key["keyName"] for key in before] == ["key1", "key2"]
    assert before[0]["value"] != after[0]["value"]
    assert before[1]["value"] == after[1]["value"]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({**an_account("Standard_XRS")}, (400, "InvalidValuesForRequestParameters")),
        ({**an_account(), "kind": "Shoebox"}, (400, "InvalidValuesForRequestParameters")),
        ({**an_account(accessTier="Tepid")}, (400, "InvalidValuesForRequestParameters")),
        ({"location": "westeurope"}, (400, "InvalidValuesForRequestParameters")),
    ],
)
def test_a_bad_account_is_refused(
    azure: Azure, path: str, body: dict[str, Any], refused: tuple[int, str]
) -> None:
    assert code(azure.call("PUT", path, body, version=VERSION)) == refused


def test_a_name_is_taken_once_in_the_world(azure: Azure, path: str) -> None:
    azure.seed({"id": path, **an_account()})
    elsewhere = path.replace("/rg/", "/other/")
    azure.group("other")

    answer = azure.call("PUT", elsewhere, an_account(), version=VERSION)

    assert code(answer) == (409, "StorageAccountAlreadyTaken")
