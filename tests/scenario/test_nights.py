"""Nights and mornings of what others built, on the real SDKs and the simulated Azure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning import ledger, views
from provisioning.errors import Refusal
from provisioning.intake import people, timers
from provisioning.model import Hours, Kind, Phase
from provisioning.store.codec import to_row
from tests.town import ANYBODY, Town, a_town

HOUR = timedelta(hours=1)
FIVE = timedelta(minutes=5)
# What differs from one reading to the next although nothing was changed.
NOISE = {"lastModifiedAt", "lastModifiedTimeUtc", "earliestRestoreDate", "lastSyncTime", "time"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Return a town on a Monday at ten in Madrid."""
    with a_town(tmp_path, furnished=True) as started:
        yield started


def everything(town: Town) -> dict[str, Any]:
    """Return every resource with its whole body, but for what time alone moves."""
    return {row["id"].lower(): _still(row) for row in town.resources()}


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _still(v) for k, v in value.items() if k not in NOISE}
        return {k: v for k, v in kept.items() if not k.endswith(("Date", "Time"))}
    return [_still(item) for item in value] if isinstance(value, list) else value


def until(town: Town, name: str, phase: Phase, within: timedelta = 2 * HOUR) -> None:
    """Let time pass until the environment is in that phase."""
    end = town.clock.now() + within
    while town.environment(name).phase is not phase:
        assert town.clock.now() < end, town.environment(name)
        town.pass_time(timedelta(minutes=1))


def to_the_evening(town: Town) -> None:
    """Look once by day, then let the day be over: it is 18:55 in Madrid."""
    town.timers()
    town.clock.advance((8 * HOUR + 55 * timedelta(minutes=1)).total_seconds())


def asleep(town: Town, name: str = "staging") -> None:
    """Let the environment fall asleep."""
    to_the_evening(town)
    until(town, name, Phase.ASLEEP)


def lies(town: Town, name: str) -> dict[str, str]:
    """Return how each of an environment's resources that sleeps stands."""
    found = town.environment(name).resources
    return {r.type.rsplit("/", 1)[1]: r.state for r in found if r.awake is not None}


def test_each_environment_is_seen_at_once_and_is_ready(town: Town) -> None:
    shown = {row["name"]: row for row in views.environments(town.services)}

    assert {name: row["phase"] for name, row in shown.items()} == {
        "development": "ready",
        "staging": "ready",
        "production": "ready",
    }
    assert len(shown["production"]["resources"]) > len(shown["staging"]["resources"]) > 12


def test_a_night_leaves_every_property_as_it_was(town: Town) -> None:
    town.timers()
    before = everything(town)

    asleep(town)
    at_night = lies(town, "staging")
    until(town, "development", Phase.ASLEEP)
    town.clock.advance((11 * HOUR).total_seconds())
    until(town, "staging", Phase.READY)
    until(town, "development", Phase.READY)

    assert at_night == {
        "containerApps": "stopped",
        "serverfarms": "B1 x 1",
        "virtualMachines": "deallocated",
        "flexibleServers": "stopped",
    }
    assert everything(town) == before
    assert town.environment("staging").kept == ()
    (nap,) = town.environment("staging").naps
    assert nap.ended_at is not None
    assert views.verify(town.services)["valid"]


def test_production_is_never_touched_even_with_hours_by_mistake(town: Town) -> None:
    catalog = town.services.catalog
    hours = Hours(zone="Europe/Madrid", days=(0,), opens="07:00", closes="08:00")
    wrong = replace(catalog.environments["production"], hours=hours)
    built = {**catalog.environments, "production": wrong}
    town.services = replace(town.services, catalog=replace(catalog, environments=built))
    town.timers()
    town.forget_calls()

    asleep(town)

    written = [c["path"] for c in town.calls() if c["method"] != "GET"]
    assert written
    assert not [path for path in written if "production" in path]
    found = town.environment("production")
    assert [c.kind for c in found.conditions] == ["ScheduleIgnored"]
    assert found.phase is Phase.READY
    schedule = views.schedule(
        town.services, start=town.clock.now(), end=town.clock.now() + 200 * HOUR
    )
    assert "production" not in {row["environment"] for row in schedule}


def written_to_production(town: Town) -> list[str]:
    """Return every write on production's group."""
    return [c["path"] for c in town.calls() if c["method"] != "GET" and "production" in c["path"]]


def with_built(town: Town, **built: Any) -> None:
    """Have the catalog say otherwise of some environments."""
    catalog = town.services.catalog
    environments = {**catalog.environments, **built}
    town.services = replace(town.services, catalog=replace(catalog, environments=environments))


def test_a_row_that_calls_production_staging_stops_nothing(town: Town) -> None:
    town.timers()
    environments = town.services.catalog.environments
    hours = environments["staging"].hours
    with_built(town, production=replace(environments["production"], hours=hours))
    held = ledger.read(town.services.table, "production")
    assert held is not None
    assert held.row is not None
    stale = replace(town.environment("production"), kind=Kind.STAGING)
    row = to_row(stale, "production", ledger.ROW, held.row.etag)
    town.services.table.replace(row)
    town.forget_calls()

    town.clock.advance((9 * HOUR).total_seconds())
    town.pass_time(4 * FIVE)

    assert written_to_production(town) == []
    assert town.environment("production").kind is Kind.PRODUCTION


def test_a_catalog_that_gives_staging_the_group_of_production_stops_nothing(town: Town) -> None:
    staging = town.services.catalog.environments["staging"]
    with_built(town, staging=replace(staging, group="rg-tesoro-production"))
    town.timers()
    town.forget_calls()

    town.clock.advance((9 * HOUR).total_seconds())
    town.pass_time(4 * FIVE)

    assert written_to_production(town) == []
    assert "tagged tesoro-kind=production" in town.environment("staging").conditions[0].message


def test_one_that_is_throttled_for_good_does_not_hold_the_others(town: Town) -> None:
    to_the_evening(town)
    town.fault(
        match={"method": "POST", "path": ".*vm-tesoro-batch-staging/deallocate"},
        status=429,
        code="TooManyRequests",
        times=999,
    )
    until(town, "staging", Phase.FAILED)

    assert lies(town, "staging")["flexibleServers"] == "stopped"
    assert "vm-tesoro-batch-staging" in town.environment("staging").conditions[0].message


def test_an_azure_that_does_not_answer_is_said_and_forgotten_when_it_does(town: Town) -> None:
    town.timers()
    group = {"method": "GET", "path": ".*resourceGroups/rg-tesoro-staging.*"}
    town.fault(match=group, status=503, code="ServiceUnavailable", times=9999)
    town.pass_time(2 * FIVE)
    dark = [c.kind for c in town.environment("staging").conditions]
    town.mended()
    town.pass_time(FIVE)

    assert dark == ["NotSeen"]
    assert town.environment("staging").conditions == ()


def test_apps_stop_before_data_and_wake_after_it(town: Town) -> None:
    town.timers()
    town.forget_calls()

    asleep(town)
    stopped = [c["path"] for c in town.calls("POST") if "staging" in c["path"]]
    town.forget_calls()
    town.clock.advance((11 * HOUR).total_seconds())
    until(town, "staging", Phase.READY)
    started = [c["path"] for c in town.calls("POST") if "staging" in c["path"]]

    assert stopped[-1].endswith("/psql-tesoro-staging/stop")
    assert started[0].endswith("/psql-tesoro-staging/start")
    assert len(stopped) == len(started) == 3


def test_one_that_fails_does_not_hold_the_others(town: Town) -> None:
    to_the_evening(town)
    town.fault(
        match={"method": "POST", "path": ".*vm-tesoro-batch-staging/deallocate"},
        status=409,
        code="ScopeLocked",
        times=9,
    )
    until(town, "staging", Phase.FAILED)

    assert lies(town, "staging") == {
        "containerApps": "stopped",
        "serverfarms": "B1 x 1",
        "virtualMachines": "running",
        "flexibleServers": "stopped",
    }
    (condition,) = town.environment("staging").conditions
    assert "vm-tesoro-batch-staging: ScopeLocked" in condition.message
    town.mended()
    until(town, "staging", Phase.ASLEEP)
    assert lies(town, "staging")["virtualMachines"] == "deallocated"


def test_a_lease_wakes_an_environment_and_its_end_puts_it_back(town: Town) -> None:
    asleep(town)

    content = {"for": "PT3H", "reason": "a late release"}
    people.lease(town.services, "staging", ANYBODY, content)
    town.settle()
    until(town, "staging", Phase.READY)
    town.clock.advance((3 * HOUR).total_seconds())
    until(town, "staging", Phase.ASLEEP)

    reasons = [views.why(town.services, "staging", town.clock.now())]
    assert reasons[0] is not None
    assert reasons[0]["replays"]


def test_an_outage_over_the_evening_converges_at_the_next_run(town: Town) -> None:
    town.timers()
    town.clock.advance((12 * HOUR).total_seconds())

    until(town, "staging", Phase.ASLEEP, within=HOUR)


def test_what_was_stopped_by_hand_stays_as_it_was_found(town: Town) -> None:
    town.timers()
    (machine,) = (r.id for r in town.environment("staging").resources if "vm-" in r.id)
    town.services.azure.act(machine, "deallocate", "2024-07-01")
    town.pass_time(FIVE)

    asleep(town)
    town.clock.advance((11 * HOUR).total_seconds())
    until(town, "staging", Phase.READY)

    assert lies(town, "staging")["virtualMachines"] == "deallocated"


def test_a_server_that_wakes_by_itself_is_put_to_sleep_again(town: Town) -> None:
    town.services = replace(town.services, catalog=_only_mondays(town))
    asleep(town)

    town.clock.advance(timedelta(days=7, hours=1).total_seconds())
    town.services = replace(town.services, catalog=_only_mondays(town, closed=True))
    timers.run(town.services, "power")
    town.settle()
    until(town, "staging", Phase.ASLEEP)

    assert lies(town, "staging")["flexibleServers"] == "stopped"
    assert len(town.environment("staging").naps) == 1


def _only_mondays(town: Town, *, closed: bool = False) -> Any:
    catalog = town.services.catalog
    hours = Hours(
        zone="Europe/Madrid",
        days=(0,),
        opens="07:00",
        closes="19:00",
        holidays=("2026-11-30", "2026-12-07") if closed else (),
    )
    staging = replace(catalog.environments["staging"], hours=hours)
    return replace(catalog, environments={**catalog.environments, "staging": staging})


def test_an_environment_of_the_catalog_is_not_taken_down(town: Town) -> None:
    with pytest.raises(Refusal) as caught:
        people.grant(town.services, people.Wish(name="staging", by=ANYBODY, is_up=False))

    assert (caught.value.status, caught.value.faults[0].code) == (409, "environment_not_a_preview")


def test_what_sleep_saves_is_said_with_its_price_sheet(town: Town) -> None:
    asleep(town)
    town.clock.advance((10 * HOUR).total_seconds())

    now = town.clock.now()
    found = views.savings(town.services, since=now - 24 * HOUR, now=now)

    (row,) = (r for r in found["value"] if r["environment"] == "staging")
    assert row["hours_asleep"] == 10
    assert row["estimate"]["amount"] > 5
    assert row["without_a_price"] == []
    assert found["prices"]["as_of"] == "2026-11-01"


@pytest.mark.parametrize("status", [403, 500])
def test_one_that_cannot_be_read_does_not_hold_the_others(town: Town, status: int) -> None:
    to_the_evening(town)
    machine = {"method": "GET", "path": ".*virtualMachines/vm-tesoro-batch-staging"}
    town.fault(match=machine, status=status, code="Oops", times=99999)
    until(town, "staging", Phase.FAILED)

    assert lies(town, "staging")["flexibleServers"] == "stopped"
    assert "vm-tesoro-batch-staging" in town.environment("staging").conditions[0].message
    town.mended()
    until(town, "staging", Phase.ASLEEP)


def test_what_is_refused_is_tried_each_half_hour_and_no_more(town: Town) -> None:
    staging = town.services.catalog.environments["staging"]
    with_built(town, staging=replace(staging, group="rg-tesoro-production"))
    town.timers()
    town.clock.advance((9 * HOUR).total_seconds())

    town.pass_time(HOUR)

    assert len(operations(town, "staging")) <= 3


def test_who_merely_reads_or_asks_what_would_be_has_nothing_stopped(town: Town) -> None:
    town.clock.advance((12 * HOUR).total_seconds())
    town.forget_calls()

    views.environments(town.services)
    views.savings(town.services, since=town.clock.now() - HOUR, now=town.clock.now())
    people.plan(town.services, people.Wish(name="staging", by=ANYBODY, is_up=True))
    town.settle()

    assert [c["path"] for c in town.calls() if c["method"] != "GET"] == []
    assert operations(town, "staging") == []


def test_a_site_that_somebody_stopped_does_not_spoil_the_morning(town: Town) -> None:
    town.timers()
    (site,) = (r.id for r in town.environment("staging").resources if "members-web" in r.id)
    town.services.azure.act(site, "stop", "2023-12-01")

    asleep(town)
    town.clock.advance((11 * HOUR).total_seconds())

    until(town, "staging", Phase.READY)


def test_what_somebody_woke_in_the_night_is_in_the_morning_as_it_was_before_it(town: Town) -> None:
    asleep(town)
    (plan,) = (r.id for r in town.environment("staging").resources if "serverfarms" in r.id)
    small = {"sku": {"name": "S1", "capacity": 1}}
    town.services.azure.patch_resource(plan, "2023-12-01", small)
    town.pass_time(4 * FIVE)
    until(town, "staging", Phase.ASLEEP)

    town.clock.advance((11 * HOUR).total_seconds())
    until(town, "staging", Phase.READY)

    assert lies(town, "staging")["serverfarms"] == "P1v3 x 2"


def operations(town: Town, name: str) -> list[str]:
    """Return the ids of every operation that an environment ever had."""
    return [row.key for row in town.services.table.query(name, first="op-", last="op-~")]
