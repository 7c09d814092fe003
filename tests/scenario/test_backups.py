"""Backups of environments that others built, verified each hour against what is promised."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from provisioning import ledger, views
from provisioning.azure.client import Azure
from provisioning.intake import timers
from provisioning.model import Environment, Kind, Phase, RaisedAlert
from provisioning.store.codec import from_row
from tests.builders import START
from tests.scenario.perils import Killed, Peril, Perilous
from tests.stores import (
    Body,
    a_blob_service,
    a_database,
    a_geo_backup,
    a_link,
    a_policy,
    a_server,
    account_of,
    an_account,
    database_of,
    server_of,
    stores_of,
)
from tests.town import SUBSCRIPTION, Town

PRODUCTION = "production"


@pytest.fixture
def built(town: Town) -> Town:
    """Return a town whose Azure has production as the catalog promises it."""
    town.seed(*stores_of(PRODUCTION))
    row = Environment(
        name=PRODUCTION,
        kind=Kind.PRODUCTION,
        service="",
        owner="platform",
        created_at=START,
        changed_at=START,
        phase=Phase.READY,
    )
    ledger.enter_index(town.services.table, PRODUCTION)
    ledger.save(town.services, None, row, under="none", now=START)
    return town


def check(town: Town, *, hours: int = 1) -> dict[str, Any]:
    """Let time pass to the next check, and return the verdict on production."""
    town.clock.advance(hours * 3600)
    timers.run(town.services, "verify_backups")
    town.settle()
    return views.backups(town.services, PRODUCTION)


def store(shown: dict[str, Any], identity: str) -> dict[str, Any]:
    """Return what is said of one store."""
    (found,) = [one for one in shown["stores"] if one["id"].lower() == identity.lower()]
    return dict(found)


def verdicts(shown: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in shown["stores"]}


def aspects(found: dict[str, Any]) -> dict[str, str]:
    return {part["name"]: part["verdict"] for part in found["parts"]}


def alerts(town: Town) -> list[RaisedAlert]:
    """Return what was raised about production."""
    first = f"backups~{PRODUCTION}~"
    rows = town.services.alerts.query("raised", first=first, last=first + "~")
    return [from_row(RaisedAlert, row) for row in rows]


def conditions(town: Town) -> list[dict[str, Any]]:
    shown = views.one_environment(town.services, PRODUCTION)
    assert shown is not None
    return list(shown["conditions"])


def test_before_the_first_check_nothing_is_known(built: Town) -> None:
    shown = views.backups(built.services, PRODUCTION)

    assert (shown["verdict"], shown["because"]) == ("unknown", "not checked yet")
    assert (shown["checked_at"], shown["stores"]) == (None, [])
    assert shown["promise"] == {"rpo": "PT1H", "rto": "PT4H", "retention_days": 30, "geo": True}


def test_backups_that_keep_the_promise_are_good(built: Town) -> None:
    shown = check(built)

    assert shown["verdict"] == "good", shown["because"]
    assert verdicts(shown) == {
        "psql-tesoro-production": "good",
        "sql-tesoro-production/rewards": "good",
        "sttesoroproduction": "good",
    }
    every = {"newest point", "retention", "geo-redundancy", "replication"}
    assert set(aspects(store(shown, database_of(PRODUCTION)))) == every
    assert "logs are archived" in str(store(shown, server_of(PRODUCTION))["parts"])
    assert (alerts(built), conditions(built)) == ([], [])


def days_ago(town: Town, days: float) -> str:
    return (town.clock.now() - timedelta(days=days)).isoformat()


def overdue(town: Town) -> list[Body]:
    return [a_server(PRODUCTION, backup={"newestBackupDate": days_ago(town, 3)})]


def set_short(town: Town) -> list[Body]:
    return [a_server(PRODUCTION, days=7)]


def found_short(town: Town) -> list[Body]:
    return [a_server(PRODUCTION, backup={"earliestRestoreDate": days_ago(town, 4)})]


def one_region(town: Town) -> list[Body]:
    return [a_server(PRODUCTION, backup={"geoRedundantBackup": "Disabled"})]


def policy_short(town: Town) -> list[Body]:
    return [a_policy(PRODUCTION, 7)]


def window_short(town: Town) -> list[Body]:
    return [a_database(PRODUCTION, earliestRestoreDate=days_ago(town, 2))]


def zone_only(town: Town) -> list[Body]:
    return [a_database(PRODUCTION, currentBackupStorageRedundancy="Zone")]


def old_copy(town: Town) -> list[Body]:
    return [a_geo_backup(PRODUCTION, town.clock.now() - timedelta(hours=9))]


def suspended(town: Town) -> list[Body]:
    return [a_database(PRODUCTION), a_link(PRODUCTION, "SUSPENDED")]


def unversioned(town: Town) -> list[Body]:
    return [a_blob_service(PRODUCTION, isVersioningEnabled=False)]


def soft_short(town: Town) -> list[Body]:
    return [a_blob_service(PRODUCTION, days=7)]


def restore_short(town: Town) -> list[Body]:
    policy = {"enabled": True, "days": 29, "minRestoreTime": days_ago(town, 3)}
    return [a_blob_service(PRODUCTION, restorePolicy=policy)]


def local_only(town: Town) -> list[Body]:
    return [an_account(PRODUCTION, "Standard_ZRS")]


def unsynchronised(town: Town) -> list[Body]:
    return [an_account(PRODUCTION, geoReplicationStats={"lastSyncTime": days_ago(town, 1)})]


def second_gone(town: Town) -> list[Body]:
    return [an_account(PRODUCTION, geoReplicationStats={"status": "Unavailable"})]


SERVER, DATABASE, ACCOUNT = server_of(PRODUCTION), database_of(PRODUCTION), account_of(PRODUCTION)


@pytest.mark.parametrize(
    ("spoil", "identity", "aspect", "says"),
    [
        pytest.param(overdue, SERVER, "newest point", "days old, 60 min promised", id="overdue"),
        pytest.param(set_short, SERVER, "retention", "set to keep 7 days", id="set short"),
        pytest.param(found_short, SERVER, "retention", "reaches only 4 days", id="found short"),
        pytest.param(one_region, SERVER, "geo-redundancy", "no second region", id="one region"),
        pytest.param(policy_short, DATABASE, "retention", "keep 7 days", id="policy short"),
        pytest.param(window_short, DATABASE, "retention", "reaches only", id="window short"),
        pytest.param(zone_only, DATABASE, "geo-redundancy", "storage is Zone", id="zone only"),
        pytest.param(old_copy, DATABASE, "geo-redundancy", "copy is 10 h old", id="old copy"),
        pytest.param(suspended, DATABASE, "replication", "SUSPENDED", id="suspended"),
        pytest.param(unversioned, ACCOUNT, "newest point", "versioning is off", id="no versions"),
        pytest.param(soft_short, ACCOUNT, "retention", "keep 7 days", id="soft short"),
        pytest.param(restore_short, ACCOUNT, "retention", "reaches only 3", id="restore short"),
        pytest.param(local_only, ACCOUNT, "geo-redundancy", "Standard_ZRS", id="local only"),
        pytest.param(unsynchronised, ACCOUNT, "geo-redundancy", "copy is 25 h", id="behind"),
        pytest.param(second_gone, ACCOUNT, "replication", "Unavailable", id="second gone"),
    ],
)
def test_one_store_that_is_bad_makes_the_whole_bad(
    built: Town, spoil: Any, identity: str, aspect: str, says: str
) -> None:
    built.seed(*spoil(built))

    shown = check(built)

    assert shown["verdict"] == "bad", shown
    found = store(shown, identity)
    assert found["verdict"] == "bad"
    assert aspects(found)[aspect] == "bad"
    assert says in shown["because"]
    assert found["name"] in shown["because"]
    assert list(verdicts(shown).values()).count("bad") == 1
    (alert,) = alerts(built)
    assert (alert.rule, alert.condition, alert.resolved_at) == ("BackupBad", "Fired", None)
    assert [r.lower() for r in alert.resources] == [identity.lower()]
    (condition,) = conditions(built)
    assert (condition["kind"], says in condition["message"]) == ("BackupBad", True)


def test_what_stays_bad_is_one_alert_and_ends_when_it_is_healed(
    built: Town, caplog: pytest.LogCaptureFixture
) -> None:
    built.seed(*set_short(built))

    first = check(built)
    second = check(built)
    built.seed(a_server(PRODUCTION))
    healed = check(built)

    assert [s["verdict"] for s in (first, second, healed)] == ["bad", "bad", "good"]
    assert first["since"] == second["since"] == first["checked_at"] != second["checked_at"]
    assert healed["since"] == healed["checked_at"]
    (alert,) = alerts(built)
    assert alert.condition == "Resolved"
    assert alert.resolved_at == built.clock.now()
    (told,) = [a for a in views.alerts(built.services, most=50) if a["rule"] == "BackupBad"]
    assert (told["state"], told["received_at"]) == ("raised", first["since"])
    assert (told["reason"], told["finished_at"]) == (alert.message, healed["since"])
    assert [r.levelname for r in caplog.records if "backups of" in r.message] == ["ERROR"]
    assert conditions(built) == []


@pytest.mark.parametrize("status", [403, 500, 429])
def test_a_store_that_does_not_answer_is_unknown_and_holds_no_other(
    built: Town, status: int
) -> None:
    code = "AuthorizationFailed" if status == 403 else "Ordered"
    built.fault(match={"path": "storageaccounts/sttesoro"}, status=status, code=code, times=1000)

    shown = check(built)

    assert verdicts(shown) == {
        "psql-tesoro-production": "good",
        "sql-tesoro-production/rewards": "good",
        "sttesoroproduction": "unknown",
    }
    assert shown["verdict"] == "unknown"
    assert code in shown["because"]
    assert [c["kind"] for c in conditions(built)] == ["BackupUnknown"]
    assert [(a.rule, a.resolved_at) for a in alerts(built)] == [("BackupUnknown", None)]


def test_what_was_bad_is_not_healed_by_silence(built: Town) -> None:
    built.seed(*set_short(built))
    check(built)
    built.fault(match={"path": "flexibleservers"}, status=500, times=1000)

    shown = check(built)

    assert shown["verdict"] == "unknown"
    assert {(a.rule, a.resolved_at) for a in alerts(built)} == {
        ("BackupBad", None),
        ("BackupUnknown", None),
    }


def test_a_throttled_listing_is_asked_for_again(built: Town) -> None:
    built.fault(
        match={"path": "rg-tesoro-production/resources"},
        status=429,
        headers={"Retry-After": "20"},
        times=2,
    )
    check(built)

    before = views.backups(built.services, PRODUCTION)
    built.pass_time(timedelta(minutes=3))
    after = views.backups(built.services, PRODUCTION)

    assert (before["because"], after["verdict"]) == ("not checked yet", "good")


def test_a_group_that_may_not_be_listed_is_unknown(built: Town) -> None:
    path = "rg-tesoro-production/resources"
    built.fault(match={"path": path}, status=403, code="AuthorizationFailed", times=1000)

    shown = check(built)

    assert (shown["verdict"], shown["stores"]) == ("unknown", [])
    assert "cannot be listed: AuthorizationFailed" in shown["because"]


def test_a_server_that_sleeps_loses_nothing(built: Town) -> None:
    built.seed(a_server(PRODUCTION, state="Stopped"))

    shown = check(built, hours=60)

    server = store(shown, SERVER)
    assert aspects(server)["newest point"] == "good", server
    assert "it sleeps" in str(server["parts"])


def test_an_hour_is_checked_once_however_often_the_timer_runs(built: Town) -> None:
    check(built)
    row = ledger.read(built.services.table, ledger.backups_of(PRODUCTION))

    for _ in range(3):
        built.clock.advance(60)
        timers.run(built.services, "verify_backups")
        built.settle()

    again = ledger.read(built.services.table, ledger.backups_of(PRODUCTION))
    assert row == again


def test_a_verdict_that_nobody_renews_is_not_believed(built: Town) -> None:
    check(built)
    built.clock.advance(3 * 3600)

    shown = views.backups(built.services, PRODUCTION)

    assert shown["verdict"] == "unknown"
    assert "nothing is known since" in shown["because"]
    assert [c["kind"] for c in conditions(built)] == ["BackupUnknown"]


class SlowCalls(SansIOHTTPPolicy[Any, Any]):
    """Every call on Azure takes its time."""

    def __init__(self, town: Town, seconds: float) -> None:
        self._town, self._seconds = town, seconds

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Let time pass."""
        self._town.clock.advance(self._seconds)


def test_a_check_gives_up_on_stores_before_it_outlives_its_lock(built: Town) -> None:
    calm = built.services.azure
    slow = Azure(
        SUBSCRIPTION,
        built.services.settings.resource_manager,
        calm._make_credential,
        verify=calm._connection["connection_verify"],
        policies=[SlowCalls(built, 20)],
    )
    built.services = replace(built.services, azure=slow)

    shown = check(built)

    slow.close()
    assert verdicts(shown)["psql-tesoro-production"] == "good"
    assert verdicts(shown)["sttesoroproduction"] == "unknown"
    assert "no time left" in shown["because"]


@pytest.mark.parametrize("moment", [0, 1], ids=["before", "after"])
def test_a_check_that_dies_as_it_raises_an_alert_raises_one(built: Town, moment: int) -> None:
    peril, calm = Peril(), built.services
    table: Any = Perilous(calm.alerts, peril, ("insert",))
    built.services = replace(calm, alerts=table)
    built.seed(*set_short(built))
    peril.arm(moment)

    with pytest.raises(Killed):
        check(built)
    built.services = calm
    built.pass_time(timedelta(minutes=6))

    rows = list(calm.alerts.query("raised"))
    assert len(rows) == len(calm.catalog.environments)
    assert [a.rule for a in alerts(built)] == ["BackupBad"]


def test_an_environment_without_stores_is_unknown(town: Town) -> None:
    timers.run(town.services, "verify_backups")
    town.settle()

    shown = [views.backups(town.services, name) for name in town.services.catalog.environments]

    assert {s["verdict"] for s in shown} == {"unknown"}
    assert {s["because"] for s in shown} == {"no data store is found in the group"}
