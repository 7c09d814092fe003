"""How stores are read from ARM's bodies, and what their backups are worth."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from provisioning.azure.resources import (
    postgres_backups,
    recovery,
    sql_database,
    storage_account,
)
from provisioning.azure.resources.recovery import Copying, Replica, Store
from provisioning.backups import policy, words
from provisioning.backups.policy import Facts, assess
from provisioning.catalog import Promise
from provisioning.model import Backups, Finding, Nap, Standing
from tests.builders import START

NOW = START
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GROUP = "/subscriptions/s/resourceGroups/rg/providers"
SERVER = f"{GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/psql"
DATABASE = f"{GROUP}/Microsoft.Sql/servers/sql/databases/rewards"
ACCOUNT = f"{GROUP}/Microsoft.Storage/storageAccounts/st"
PROMISE = Promise(rpo=HOUR, rto=4 * HOUR, retention_days=30, geo=True)
LOCAL = replace(PROMISE, geo=False)
GOOD, UNKNOWN, BAD = Standing.GOOD, Standing.UNKNOWN, Standing.BAD
WELL = Replica(name="sql-north/rewards", copying=Copying.WELL, word="CATCH_UP")


def a_store(**given: Any) -> Store:
    """Return a store that keeps the promise."""
    whole = Store(
        id=DATABASE,
        type=sql_database.TYPE,
        name="sql/rewards",
        born=NOW - 60 * DAY,
        asleep=False,
        newest=NOW - timedelta(minutes=10),
        retention_days=30,
        oldest=NOW - 30 * DAY,
        geo=True,
        redundancy="backup storage is Geo",
        copied=NOW - HOUR,
        tells_copied=True,
        copy_delay=HOUR,
        replicas=(WELL,),
    )
    return replace(whole, **given)


def judged(*stores: Store, promise: Promise = PROMISE) -> Finding:
    return assess(Facts(environment="production", stores=stores), promise, now=NOW)


def a_replica(copying: Copying) -> tuple[Replica, ...]:
    return (WELL, replace(WELL, name="other/rewards", copying=copying))


@pytest.mark.parametrize(
    ("given", "standing"),
    [
        pytest.param({}, GOOD, id="whole"),
        pytest.param({"newest": NOW - HOUR}, GOOD, id="as old as promised"),
        pytest.param({"newest": NOW - HOUR - timedelta(seconds=1)}, BAD, id="older"),
        pytest.param({"newest": NOW - 90 * DAY, "asleep": True}, GOOD, id="old and asleep"),
        pytest.param({"newest": None, "asleep": True}, UNKNOWN, id="asleep without a point"),
        pytest.param({"newest": None}, UNKNOWN, id="no newest"),
        pytest.param({"asleep": None}, UNKNOWN, id="asleep or not"),
        pytest.param({"points": False}, BAD, id="no points"),
        pytest.param({"retention_days": 29}, BAD, id="set short"),
        pytest.param({"retention_days": 0}, BAD, id="keeps nothing"),
        pytest.param({"retention_days": None}, UNKNOWN, id="retention untold"),
        pytest.param({"oldest": NOW - 29 * DAY}, GOOD, id="a day short"),
        pytest.param({"oldest": NOW - 28 * DAY}, BAD, id="two days short"),
        pytest.param({"oldest": None}, UNKNOWN, id="no oldest"),
        pytest.param({"oldest": None, "tells_oldest": False}, GOOD, id="has no oldest to tell"),
        pytest.param({"oldest": NOW - 5 * DAY, "born": NOW - 5 * DAY}, GOOD, id="young"),
        pytest.param({"oldest": NOW - 2 * DAY, "born": NOW - 5 * DAY}, BAD, id="young, shorter"),
        pytest.param({"oldest": NOW - 5 * DAY, "born": None}, UNKNOWN, id="of untold age"),
        pytest.param({"geo": False}, BAD, id="one region"),
        pytest.param({"geo": None}, UNKNOWN, id="regions untold"),
        pytest.param({"copied": NOW - 2 * HOUR}, GOOD, id="copy on its way"),
        pytest.param({"copied": NOW - 3 * HOUR}, BAD, id="copy too old"),
        pytest.param({"copied": None}, UNKNOWN, id="copy untold"),
        pytest.param({"copied": None, "tells_copied": False}, GOOD, id="has no copy to tell"),
        pytest.param({"replicas": ()}, GOOD, id="no replicas"),
        pytest.param({"replicas": None}, UNKNOWN, id="replicas untold"),
        pytest.param({"replicas": a_replica(Copying.BEGINNING)}, UNKNOWN, id="seeding"),
        pytest.param({"replicas": a_replica(Copying.UNTOLD)}, UNKNOWN, id="state untold"),
        pytest.param({"replicas": a_replica(Copying.BROKEN)}, BAD, id="suspended"),
    ],
)
def test_a_store_is_as_good_as_its_facts(given: dict[str, Any], standing: Standing):
    found = judged(a_store(**given))

    assert found.standing is standing, found
    assert found.parts[0].standing is standing


@pytest.mark.parametrize("given", [{"geo": False}, {"geo": None}, {"replicas": None}])
def test_a_second_region_is_asked_for_where_it_is_promised(given: dict[str, Any]):
    found = judged(a_store(**given), promise=LOCAL)

    assert found.standing is GOOD
    assert [part.name for part in found.parts[0].parts] == [words.NEWEST, words.RETENTION]


def test_bad_comes_before_unknown_and_every_bad_store_is_named():
    found = judged(
        a_store(id=SERVER, name="psql", newest=None),
        a_store(retention_days=7, replicas=None),
        a_store(id=ACCOUNT, name="st", geo=False),
    )

    assert [part.standing for part in found.parts] == [UNKNOWN, BAD, BAD]
    assert found.because == (
        "sql/rewards: it is set to keep 7 days, 30 days promised; "
        "st: no second region has its backups: backup storage is Geo"
    )


def test_the_figures_say_what_was_promised_and_found_and_the_rto_is_one():
    found = judged(a_store())

    assert found.figures == {"stores": "1", "rto": "4 h promised, not measured yet"}
    assert found.parts[0].figures == {
        "newest": "2026-11-23 08:50 UTC",
        "age": "10 min",
        "rpo": "60 min",
        "promised": "30 days",
        "oldest": "2026-10-24 09:00 UTC",
        "kept": "30 days",
        "redundancy": "backup storage is Geo",
        "copied": "2026-11-23 08:00 UTC",
        "replication": "sql-north/rewards is CATCH_UP",
    }


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        (Facts(environment="e"), "no data store is found in the group"),
        (
            Facts(environment="e", stores=(a_store(),), silence="no right"),
            "the group's resources cannot be listed: no right",
        ),
    ],
)
def test_without_stores_nothing_is_known(facts: Facts, because: str):
    found = assess(facts, PROMISE, now=NOW)

    assert (found.standing, found.because, found.parts) == (UNKNOWN, because, ())


def a_secondary(**given: Any) -> Store:
    return Store(
        id=DATABASE.replace("/sql/", "/sql-north/"),
        type=sql_database.TYPE,
        name="SQL-north/rewards",
        replica_of="sql/rewards",
        **given,
    )


def test_a_secondary_is_judged_as_the_replica_of_its_primary():
    found = judged(a_store(), a_secondary(replicas=None))

    assert found.standing is GOOD
    assert [part.name for part in found.parts] == [DATABASE]


def test_a_secondary_that_no_primary_names_is_judged_by_its_own_link():
    found = judged(a_store(replicas=()), a_secondary(replicas=a_replica(Copying.BROKEN)))

    assert [part.standing for part in found.parts] == [GOOD, BAD]
    assert [part.name for part in found.parts[1].parts] == [words.REPLICATION]
    assert len(judged(a_store(), a_secondary(), promise=LOCAL).parts) == 1


# A verdict in time


def a_row(standing: Standing) -> Backups:
    finding = Finding(name="production", standing=standing, because="so it is")
    return Backups(
        name="backups~production",
        environment="production",
        changed_at=NOW,
        checked_at=NOW,
        since=NOW - DAY,
        finding=finding,
    )


@pytest.mark.parametrize("standing", [GOOD, UNKNOWN, BAD])
def test_a_verdict_is_believed_for_two_hours_and_a_half(standing: Standing):
    found = policy.believed(a_row(standing), now=NOW + policy.BELIEVED)

    assert found == (standing, "so it is", NOW - DAY)


@pytest.mark.parametrize(
    ("standing", "then", "since"),
    [
        (GOOD, UNKNOWN, NOW + policy.BELIEVED),
        (UNKNOWN, UNKNOWN, NOW - DAY),
        (BAD, BAD, NOW - DAY),
    ],
)
def test_an_old_verdict_is_unknown_unless_it_was_bad(
    standing: Standing, then: Standing, since: datetime
):
    found = policy.believed(a_row(standing), now=NOW + DAY)

    assert (found[0], found[2]) == (then, since)


@pytest.mark.parametrize("row", [None, replace(a_row(GOOD), finding=None, checked_at=None)])
def test_what_was_never_checked_is_unknown(row: Backups | None):
    assert policy.believed(row, now=NOW) == (UNKNOWN, "not checked yet", None)


# PostgreSQL


def a_server(state: str = "Ready", **backup: Any) -> dict[str, Any]:
    kept = {
        "backupRetentionDays": 30,
        "earliestRestoreDate": "2026-10-24T09:00:00.1234567+00:00",
        "geoRedundantBackup": "Enabled",
    }
    return {
        "properties": {"state": state, "backup": {**kept, **backup}},
        "systemData": {"createdAt": "2026-01-01T00:00:00Z"},
    }


def full(*hours_ago: float) -> list[dict[str, Any]]:
    return [{"properties": {"completedTime": (NOW - h * HOUR).isoformat()}} for h in hours_ago]


@pytest.mark.parametrize(
    ("state", "hours", "age"),
    [
        pytest.param("Ready", (30, 20), timedelta(minutes=5), id="runs"),
        pytest.param("Updating", (20,), timedelta(minutes=5), id="changes"),
        pytest.param("Ready", (0.01,), timedelta(seconds=36), id="just taken"),
        pytest.param("Ready", (37,), 37 * HOUR, id="overdue"),
        pytest.param("Stopped", (90,), 90 * HOUR, id="stopped"),
        pytest.param("Disabled", (1,), None, id="disabled"),
        pytest.param("", (1,), None, id="state untold"),
        pytest.param("Ready", (), None, id="no full backup"),
    ],
)
def test_the_newest_point_of_postgresql_follows_from_state_and_full_backup(
    state: str, hours: tuple[float, ...], age: timedelta | None
):
    found = postgres_backups.read(SERVER, a_server(state), full(*hours), now=NOW)

    assert found.newest == (None if age is None else NOW - age)
    assert found.asleep is ({"Stopped": True, "": None}.get(state, False))


@pytest.mark.parametrize(
    ("naps", "is_inferred"),
    [
        pytest.param([Nap(began_at=NOW - 60 * HOUR, ended_at=NOW - HOUR)], True, id="a weekend"),
        pytest.param(
            [Nap(began_at=NOW - 90 * HOUR, ended_at=NOW - 62 * HOUR)], False, id="before"
        ),
        pytest.param([Nap(began_at=NOW - 30 * HOUR)], True, id="still asleep"),
    ],
)
def test_a_full_backup_is_overdue_by_hours_awake(naps: list[Nap], is_inferred: bool):
    found = postgres_backups.read(SERVER, a_server(), full(61), naps=naps, now=NOW)

    assert (found.newest == NOW - postgres_backups.LOG_DELAY) is is_inferred


def test_a_server_tells_its_window_its_age_and_its_second_region():
    found = postgres_backups.read(SERVER, a_server(), full(3), now=NOW)

    assert (found.name, found.retention_days, found.geo) == ("psql", 30, True)
    assert (found.oldest or NOW).date().isoformat() == "2026-10-24"
    assert (found.born or NOW).year == 2026
    assert judged(found).standing is GOOD


def test_of_a_server_that_does_not_answer_nothing_is_known():
    found = postgres_backups.read(SERVER, None, None, silence="Azure answered 500", now=NOW)

    assert judged(found).standing is UNKNOWN
    assert "Azure answered 500" in judged(found).because


# Azure SQL


def a_database(**given: Any) -> dict[str, Any]:
    whole = {
        "status": "Online",
        "creationDate": "2026-01-01T00:00:00Z",
        "earliestRestoreDate": "2026-10-24T09:00:00Z",
        "currentBackupStorageRedundancy": "GeoZone",
        "requestedBackupStorageRedundancy": "GeoZone",
    }
    return {"properties": {**whole, **given}}


def a_link(role: str = "Primary", state: str = "CATCH_UP") -> dict[str, Any]:
    partner = {"partnerServer": "sql-north", "partnerDatabase": "rewards"}
    return {"properties": {**partner, "role": role, "replicationState": state}}


POLICY = {"properties": {"retentionDays": 30}}
COPY = {"properties": {"lastAvailableBackupDate": "2026-11-23T08:30:00Z"}}


def read_database(body: Any = None, **given: Any) -> Store:
    whole: dict[str, Any] = {"policy": POLICY, "links": [a_link()], "copy": COPY, **given}
    return sql_database.read(DATABASE, body or a_database(), **whole, now=NOW)


def test_a_database_that_is_online_is_ten_minutes_behind_at_most():
    found = read_database()

    assert found.newest == NOW - timedelta(minutes=10)
    assert (found.name, found.replica_of, found.replicas) == ("sql/rewards", "", (WELL,))
    assert judged(found).standing is GOOD


@pytest.mark.parametrize(
    ("given", "newest", "asleep"),
    [
        ({"status": "Paused"}, NOW, True),
        ({"status": "Offline"}, None, False),
        ({"status": None}, None, None),
        ({"earliestRestoreDate": None}, None, False),
        ({"earliestRestoreDate": "2030-01-01T00:00:00Z"}, None, False),
        ({"earliestRestoreDate": "2026-11-23T08:59:00Z"}, NOW - timedelta(minutes=1), False),
    ],
)
def test_the_newest_point_of_a_database_follows_from_status_and_window(
    given: dict[str, Any], newest: datetime | None, asleep: bool | None
):
    found = read_database(a_database(**given))

    assert (found.newest, found.asleep) == (newest, asleep)


@pytest.mark.parametrize(
    ("word", "geo"), [("Geo", True), ("Zone", False), ("Local", False), ("Moon", None)]
)
def test_the_backups_of_a_database_are_where_they_are_now(word: str, geo: bool | None):
    found = read_database(a_database(currentBackupStorageRedundancy=word))

    assert found.geo is geo
    assert found.redundancy == f"backup storage is {word}, GeoZone is asked for"


@pytest.mark.parametrize(
    ("state", "copying"),
    [
        ("CATCH_UP", Copying.WELL),
        ("SEEDING", Copying.BEGINNING),
        ("PENDING", Copying.BEGINNING),
        ("SUSPENDED", Copying.BROKEN),
        ("DREAMING", Copying.UNTOLD),
    ],
)
def test_a_link_stands_as_its_state_says(state: str, copying: Copying):
    (replica,) = read_database(links=[a_link(state=state)]).replicas or ()

    assert (replica.copying, replica.word) == (copying, state)


@pytest.mark.parametrize(
    ("given", "links", "primary"),
    [
        ({}, [a_link("Secondary")], "sql-north/rewards"),
        ({"secondaryType": "Geo"}, None, "a primary that was not told"),
        ({"secondaryType": "Geo"}, [a_link("Primary")], ""),
        ({}, None, ""),
    ],
)
def test_a_secondary_is_known_by_its_link_or_its_word(given: Any, links: Any, primary: str):
    assert read_database(a_database(**given), links=links).replica_of == primary


def test_nobody_restores_the_master_of_a_server():
    assert sql_database.is_system(DATABASE.replace("rewards", "MASTER"))
    assert not sql_database.is_system(DATABASE)


# Storage


def an_account(sku: str = "Standard_RAGZRS", **stats: Any) -> dict[str, Any]:
    told = {"status": "Live", "lastSyncTime": "2026-11-23T08:55:00Z", **stats}
    given = {"creationTime": "2026-01-01T00:00:00Z", "secondaryLocation": "northeurope"}
    return {"sku": {"name": sku}, "properties": {**given, "geoReplicationStats": told}}


def a_service(days: int = 30, restore: Any = None, **given: Any) -> dict[str, Any]:
    soft = {"enabled": True, "days": days}
    more = {} if restore is None else {"restorePolicy": restore}
    return {
        "properties": {
            "isVersioningEnabled": True,
            "deleteRetentionPolicy": soft,
            **more,
            **given,
        }
    }


def a_restore(days: int = 29, oldest: str = "2026-10-25T09:00:00Z") -> dict[str, Any]:
    return {"enabled": True, "days": days, "minRestoreTime": oldest}


def read_account(body: Any = None, blobs: Any = None) -> Store:
    return storage_account.read(ACCOUNT, body or an_account(), blobs or a_service(), now=NOW)


def test_an_account_with_versions_restores_to_this_instant():
    found = read_account(blobs=a_service(restore=a_restore()))

    assert (found.newest, found.retention_days) == (NOW, 30)
    assert found.oldest == NOW - 29 * DAY
    assert found.replicas == (Replica(name="northeurope", copying=Copying.WELL, word="Live"),)
    assert judged(found).standing is GOOD


@pytest.mark.parametrize(
    ("blobs", "standing"),
    [
        pytest.param(a_service(), GOOD, id="soft deletion alone"),
        pytest.param(a_service(isVersioningEnabled=False), BAD, id="no versions"),
        pytest.param(a_service(isVersioningEnabled=None), UNKNOWN, id="versions untold"),
        pytest.param(a_service(7), BAD, id="soft deletion too short"),
        pytest.param(a_service(deleteRetentionPolicy={"enabled": False}), BAD, id="none"),
        pytest.param(a_service(deleteRetentionPolicy={}), UNKNOWN, id="soft untold"),
        pytest.param(a_service(restore=a_restore(10)), BAD, id="restore too short"),
        pytest.param(a_service(restore={**a_restore(), "days": None}), UNKNOWN, id="days untold"),
        pytest.param(
            a_service(restore={"enabled": True, "days": 29}), UNKNOWN, id="no oldest point"
        ),
        pytest.param(
            a_service(restore=a_restore(oldest="2026-11-20T09:00:00Z")), BAD, id="reach too short"
        ),
        pytest.param(a_service(restore={"enabled": False}), GOOD, id="restore off"),
    ],
)
def test_a_blob_service_is_as_good_as_what_it_keeps(blobs: Any, standing: Standing):
    assert judged(read_account(blobs=blobs)).standing is standing


@pytest.mark.parametrize(
    ("body", "standing"),
    [
        (an_account("Standard_ZRS"), BAD),
        (an_account(""), UNKNOWN),
        (an_account(status="Unavailable"), BAD),
        (an_account(status="Bootstrap", lastSyncTime=None), UNKNOWN),
        (an_account(lastSyncTime="2026-11-22T08:55:00Z"), BAD),
        ({**an_account(), "properties": {"creationTime": "2026-01-01T00:00:00Z"}}, UNKNOWN),
    ],
)
def test_an_account_is_as_good_as_its_second_region(body: Any, standing: Standing):
    assert judged(read_account(body)).standing is standing


def test_of_an_account_that_does_not_answer_nothing_is_known():
    found = storage_account.read(ACCOUNT, None, None, silence="no right", now=NOW)

    assert judged(found).standing is UNKNOWN
    assert {part.standing for part in judged(found).parts[0].parts} == {UNKNOWN}


# Words and forms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-23T09:00:00Z", NOW),
        ("2026-11-23T10:00:00+01:00", NOW),
        ("2026-11-23T09:00:00", NOW),
        ("yesterday", None),
        (7, None),
    ],
)
def test_an_instant_is_read_or_not_known(text: Any, found: datetime | None):
    assert recovery.instant(text) == found


def test_ids_tell_names_and_types():
    assert recovery.short_name(DATABASE) == "sql/rewards"
    assert recovery.type_of(DATABASE) == sql_database.TYPE
    assert recovery.number(True) is None


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (-HOUR, "0 min"),
        (timedelta(minutes=119), "119 min"),
        (2 * HOUR, "2 h"),
        (47 * HOUR, "47 h"),
        (48 * HOUR, "2 days"),
    ],
)
def test_a_length_is_said_as_people_say_it(duration: timedelta, text: str):
    assert words.span(duration) == text
    assert words.days(1) == "1 day"
