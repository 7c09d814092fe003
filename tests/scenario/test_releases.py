"""Releases from the wish to their end, on simulated Azure: what is seen, and what is written."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning import ledger, runner, views
from provisioning.azure.resources import revisions
from provisioning.errors import Refusal
from provisioning.identity import Principal, Role
from provisioning.intake import releasing, timers
from provisioning.intake.arrivals import State
from provisioning.ledger import environment
from provisioning.model import Environment, Kind, Phase, Release, ReleaseStatus, Request
from provisioning.operations import Operation, Status, operation_id
from provisioning.releases.asked import CANARY
from provisioning.releases.ruling import PATIENCE
from tests.scenario.releases import APP, V1, V2, WORKSPACE, Service
from tests.town import ANYBODY, Town, a_town

A_QUARTER = 15


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Return a service in a town of its own."""
    with a_town(tmp_path) as town:
        yield Service(town)


def test_a_good_canary_rises_as_the_catalog_says_and_is_promoted(tmp_path: Path):
    with a_town(tmp_path) as town:
        rise_step_by_step(Service(town, canary=None))


def rise_step_by_step(service: Service) -> None:
    release = service.release()

    seen = [service.weights()]
    for _ in range(45):
        service.minutes(1)
        if service.weights() != seen[-1]:
            seen.append(service.weights())

    assert service.now(release).status is ReleaseStatus.PROMOTED
    assert seen[-4:] == [{V2: 5, V1: 95}, {V2: 25, V1: 75}, {V2: 50, V1: 50}, {V2: 100}]
    assert len(service.writes()) == 4
    decisions = service.decisions(release)
    assert [d["action"] for d in decisions if d["action"] != "hold"] == [
        "shift",
        "shift",
        "promote",
    ]
    assert all(d["replays"] for d in decisions)
    assert decisions[-1]["figures"]["errors"]["share"] == "0.0 %"


def test_a_bad_canary_is_taken_back_by_the_rule(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.failing = 0.5

    over = service.until(release, "rolled_back")

    assert service.weights() == {V1: 100}
    assert over.weight == 0
    assert over.finished_at is not None
    assert service.decisions(release)[-1]["action"] == "roll back"
    assert "of its requests failed, over 2.0 %" in over.because


def test_a_version_without_a_revision_is_made_without_traffic(service: Service):
    release = service.release("v3")
    service.town.clock.advance(30)

    found = service.until_weight(release, 25)

    assert found.canary == "rewards-api--v3"
    assert service.weights() == {"rewards-api--v3": 25, V1: 75}


def test_nothing_is_promoted_that_nobody_knows_of(service: Service):
    service.is_silent = True
    release = service.release()

    paused = service.until(release, "paused")
    service.minutes(A_QUARTER)

    assert paused.because == "unknown is not good: no telemetry of it yet"
    assert service.now(release).status is ReleaseStatus.PAUSED
    assert service.weights() == {V2: 25, V1: 75}


def test_telemetry_that_comes_back_brings_it_on(service: Service):
    service.is_silent = True
    release = service.release()
    service.until(release, "paused")
    service.is_silent = False

    assert service.until_weight(release, 50).status is ReleaseStatus.PROGRESSING


def test_what_nobody_knows_of_for_too_long_is_taken_back(service: Service):
    service.is_silent = True
    release = service.release()
    service.until(release, "paused")
    service.town.clock.advance(PATIENCE.total_seconds())

    over = service.until(release, "rolled_back")

    assert over.because.startswith("nobody could say for 4 h")
    assert service.weights() == {V1: 100}


def test_log_analytics_that_does_not_answer_promotes_nothing(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.town.fault(match={"method": "POST", "path": "/query"}, status=503, times=1000)

    paused = service.until(release, "paused")

    assert "its telemetry cannot be had" in paused.because
    service.town.mended()
    assert service.until(release, "promoted").weight == 100


def test_a_throttled_write_is_made_later_and_once(service: Service):
    service.town.fault(
        match={"method": "PATCH", "path": "containerApps"},
        status=429,
        code="TooManyRequests",
        headers={"Retry-After": "60"},
        times=2,
    )
    release = service.release()

    service.until_weight(release, 25)

    assert len(service.writes()) == 1
    assert service.until(release, "promoted").weight == 100


def test_traffic_that_somebody_moved_by_hand_is_left_alone(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.by_hand(v1=60, v2=40)
    written = len(service.writes())

    paused = service.until(release, "paused")
    service.minutes(A_QUARTER)

    assert "somebody moved the traffic" in paused.because
    assert service.weights() == {V1: 60, V2: 40}
    assert len(service.writes()) == written


def test_it_goes_on_once_the_traffic_is_put_back(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.by_hand(v1=60, v2=40)
    service.until(release, "paused")
    service.by_hand(v1=75, v2=25)

    assert service.until(release, "promoted").weight == 100


def test_it_gives_up_in_the_end_and_leaves_the_traffic_as_somebody_wants_it(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.by_hand(v1=60, v2=40)
    service.until(release, "paused")
    service.town.clock.advance(PATIENCE.total_seconds())

    over = service.until(release, "failed")
    service.minutes(A_QUARTER)

    assert over.weight == 40
    assert service.now(release).status is ReleaseStatus.FAILED
    assert service.weights() == {V1: 60, V2: 40}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"shares": {"v2": 100}}, "version_live", id="it is live already"),
        pytest.param({"shares": {"v1": 60, "v3": 40}}, "traffic_split", id="two to replace"),
        pytest.param({"mode": "Single"}, "revisions_single", id="one revision at a time"),
        pytest.param({"gone": True}, "app_missing", id="it is not there"),
    ],
)
def test_what_cannot_be_a_canary_fails_with_a_reason(
    service: Service, given: dict[str, Any], code: str
):
    service.reshape(**given)
    written = len(service.writes())

    over = service.until(service.release(), "failed")

    operation = operation_of(service, over)
    assert operation.error is not None
    assert operation.error.code == code
    assert len(service.writes()) == written


def operation_of(service: Service, release: Release) -> Operation:
    """Return the operation that a release began with."""
    wish = Request(workflow=CANARY, target=release.name, cause="", key=release.id, by="")
    found = views.find_operation(service.town.services, operation_id(wish))
    assert found is not None
    return found


def test_the_same_wish_finds_the_same_release_and_another_waits(service: Service):
    release = service.release()

    again = service.release()

    assert again.id == release.id
    with pytest.raises(Refusal) as refused:
        service.release("v3")
    assert (refused.value.status, refused.value.faults[0].code) == (409, "release_under_way")
    assert release.id in refused.value.faults[0].message


def test_a_newer_release_moves_the_older_one_aside(service: Service):
    first = service.release()
    service.failing = 1.0
    service.until(first, "rolled_back")
    second = service.release("v3")

    listed = releasing.recent(service.town.services, "production")

    assert [r.id for r in listed] == [second.id, first.id]
    assert second.id == "production.rewards-api.2"
    assert len(service.decisions(first)) > 0
    with pytest.raises(Refusal) as refused:
        releasing.roll_back(service.town.services, first.id, ANYBODY)
    assert refused.value.faults[0].code == "release_replaced"


def test_somebody_skips_the_remaining_steps(service: Service):
    release = service.release()
    service.until_weight(release, 25)

    releasing.promote(service.town.services, release.id, ANYBODY)
    service.town.settle()

    over = service.until(release, "promoted")
    assert service.weights() == {V2: 100}
    assert any(d["by"] == "ines" and d["action"] == "promote" for d in service.decisions(release))
    assert over.skipped_by == "ines"
    events = [
        r["event"] for r in views.trail(service.town.services, "production", None, most=200)[0]
    ]
    assert "promote" in events


def test_only_what_progresses_can_skip(service: Service):
    service.is_silent = True
    release = service.release()
    service.until(release, "paused")

    with pytest.raises(Refusal) as refused:
        releasing.promote(service.town.services, release.id, ANYBODY)

    assert refused.value.faults[0].code == "release_not_progressing"


def test_somebody_takes_a_release_back_and_asking_again_changes_nothing(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    written = len(service.writes())

    first = releasing.roll_back(service.town.services, release.id, ANYBODY)
    second = releasing.roll_back(service.town.services, release.id, ANYBODY)
    service.town.settle()
    service.until(release, "rolled_back")
    third = releasing.roll_back(service.town.services, release.id, ANYBODY)

    assert first.operation == second.operation
    assert third.operation is None
    assert len(service.writes()) == written + 1
    assert operation_of(service, release).status is Status.SUPERSEDED


def test_a_promoted_release_can_still_be_taken_back(service: Service):
    release = service.release()
    service.until(release, "promoted")

    releasing.roll_back(service.town.services, release.id, ANYBODY)
    service.town.settle()

    service.until(release, "rolled_back")
    assert service.weights() == {V1: 100}


def test_a_cancelled_release_does_not_leave_its_canary_in_the_traffic(service: Service):
    release = service.release()
    found = service.until_weight(release, 25)
    assert found.operation is not None

    runner.stop(
        service.town.services,
        found.name,
        found.operation,
        Status.CANCELLED,
        code="cancelled",
        message="cancelled by ines",
        by="ines",
    )

    service.until(release, "rolled_back")
    assert service.weights() == {V1: 100}


def test_a_rollback_that_fails_is_tried_again_until_it_is_done(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.town.fault(
        match={"method": "PATCH", "path": "containerApps"},
        status=403,
        code="AuthorizationFailed",
        times=1,
    )

    releasing.roll_back(service.town.services, release.id, ANYBODY)
    service.town.settle()
    failed = service.now(release)
    service.minutes(2)
    still = service.now(release)
    over = service.until(release, "rolled_back")

    assert (failed.status, still.status) == (ReleaseStatus.FAILED, ReleaseStatus.FAILED)
    assert service.weights() == {V1: 100}
    assert over.because == "it failed, and its canary may have traffic"


def test_a_baseline_that_was_put_to_rest_runs_again_before_it_gets_traffic(service: Service):
    release = service.release()
    service.until(release, "promoted")
    service.town.services.azure.act(f"{APP}/revisions/{V1}", "deactivate", revisions.API)
    service.town.clock.advance(30)

    releasing.roll_back(service.town.services, release.id, ANYBODY)
    service.until(release, "rolled_back")

    assert service.weights() == {V1: 100}


def test_a_rollback_leaves_traffic_alone_that_the_canary_has_none_of(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.by_hand(v1=100, v2=0)
    written = len(service.writes())

    releasing.roll_back(service.town.services, release.id, ANYBODY)
    service.until(release, "rolled_back")

    assert len(service.writes()) == written


def test_a_release_taken_back_before_it_found_a_revision_moved_nothing(service: Service):
    content = {"environment": "production", "service": "rewards-api", "version": "v2"}
    release = releasing.begin(service.town.services, ANYBODY, content).release

    releasing.roll_back(service.town.services, release.id, ANYBODY)
    service.until(release, "rolled_back")

    assert service.writes() == []
    assert service.weights() == {V1: 100}


def test_a_write_that_fails_later_ends_the_release_and_takes_it_back(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.town.fault(
        match={"method": "PATCH", "path": "containerApps"},
        code="InternalServerError",
        late=True,
        times=1,
    )

    over = service.until(release, "rolled_back")

    assert over.because == "it failed, and its canary may have traffic"
    assert service.weights() == {V1: 100}


def test_a_release_to_what_sleeps_waits_until_it_is_awake(service: Service):
    town = service.town
    fall_asleep(town, Phase.ASLEEP)
    release = service.release()
    service.minutes(10)
    waiting = service.now(release)

    fall_asleep(town, Phase.READY)

    assert waiting.status is ReleaseStatus.WAITING
    assert "is asleep" in waiting.because
    assert service.until(release, "promoted", most=90).weight == 100


def test_a_canary_that_falls_asleep_bakes_anew_in_the_morning(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    fall_asleep(service.town, Phase.ASLEEP)
    service.is_silent = True
    paused = service.until(release, "paused")
    service.town.clock.advance(timedelta(hours=12).total_seconds())
    service.minutes(6)
    service.is_silent = False
    fall_asleep(service.town, Phase.READY)
    service.minutes(6)

    assert "is asleep" in paused.because
    assert service.weights() == {V2: 25, V1: 75}
    assert service.until(release, "promoted").weight == 100


def fall_asleep(town: Town, phase: Phase) -> None:
    held = ledger.read(town.services.table, "production")
    now = town.clock.now()
    fresh = Environment(
        name="production",
        kind=Kind.PRODUCTION,
        service="",
        owner="platform",
        created_at=now,
        changed_at=now,
    )
    after = replace(environment(town.services.table, "production") or fresh, phase=phase)
    ledger.save(town.services, held or ledger.Held(fresh, None), after, under="none", now=now)


# Alerts


def test_an_alert_that_azure_confirms_takes_the_release_back(service: Service):
    release = service.release()
    service.until_weight(release, 25)

    identity = service.fire()
    service.town.settle()

    over = service.until(release, "rolled_back")
    assert service.weights() == {V1: 100}
    assert over.because == "the alert too many failures fired on rewards-api"
    stored = service.stored(identity)
    assert stored.state is State.DONE
    assert f"{release.id} is taken back by op-" in stored.reason


def test_fifty_copies_from_four_threads_make_one_write(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    payload = service.alert()
    service.town.list_alert(payload)
    copies = [service.alert(n) for n in (2, 3)]
    for copy in copies:
        service.town.list_alert(copy)
    written = len(service.writes())

    def send() -> None:
        for number in range(13):
            service.receive(payload if number % 4 else copies[number % 2])

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    workers = [threading.Thread(target=work, args=(service.town,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    service.until(release, "rolled_back")

    assert len(service.writes()) == written + 1
    assert service.weights() == {V1: 100}
    requested = [
        r
        for r in views.trail(service.town.services, "production", None, most=200)[0]
        if r["event"] == "requested" and r["text"].startswith("release.rollback")
    ]
    assert len(requested) == 1
    assert views.verify(service.town.services)["valid"]


def work(town: Town) -> None:
    """Hand out messages as one of several workers would."""
    while True:
        try:
            message = town.queue.messages.popleft()
        except IndexError:
            return
        if not message.after:
            town.handle(message.queue, message.text)


def test_a_forged_alert_moves_nothing_and_holds_the_release(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    written = len(service.writes())

    identity = service.fire(listed=False)
    service.town.settle()
    held = service.now(release)
    service.minutes(A_QUARTER)

    assert held.status is ReleaseStatus.PAUSED
    assert "unverified alert too many failures" in held.because
    assert service.now(release).status is ReleaseStatus.PAUSED
    assert service.weights() == {V2: 25, V1: 75}
    assert len(service.writes()) == written
    assert service.stored(identity).state is State.DONE
    events = [
        r["event"] for r in views.trail(service.town.services, "production", None, most=200)[0]
    ]
    assert events.count("alert-unverified") == 1


def test_a_release_that_a_forged_alert_holds_goes_on_when_somebody_says_so(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.fire(listed=False)
    service.minutes(2)

    releasing.resume(service.town.services, release.id, ANYBODY)

    assert service.until(release, "promoted").weight == 100


def test_a_release_that_is_not_yet_in_the_traffic_stays_out_of_it_while_held(service: Service):
    fall_asleep(service.town, Phase.ASLEEP)
    release = service.release()
    service.fire(listed=False)
    service.town.settle()
    fall_asleep(service.town, Phase.READY)

    held = service.until(release, "paused")
    service.minutes(3)

    assert "unverified alert" in held.because
    assert service.weights() == {V1: 100}
    releasing.resume(service.town.services, release.id, ANYBODY)
    assert service.until(release, "promoted").weight == 100


def test_forged_alerts_do_not_fill_the_trail(service: Service):
    release = service.release()
    service.until_weight(release, 25)

    for number in range(20):
        service.fire(number, listed=False)
    service.town.settle()

    trail = views.trail(service.town.services, "production", None, most=200)[0]
    assert [r["event"] for r in trail].count("alert-unverified") == 1
    assert [d["action"] for d in service.decisions(release)].count("pause") == 1


def test_an_alert_that_azure_lists_late_takes_the_release_back_all_the_same(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    payload = service.alert()
    service.receive(payload)
    service.town.settle()
    service.minutes(2)
    assert service.now(release).status is ReleaseStatus.PAUSED

    service.town.list_alert(payload)

    service.until(release, "rolled_back", most=5)


def test_a_true_alert_under_a_false_name_is_not_believed(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    elsewhere = APP.replace("rewards-api", "settlement").lower()
    service.town.list_alert(service.alert(alertTargetIDs=[elsewhere]))

    identity = service.receive(service.alert())
    service.town.settle()

    assert service.now(release).status is ReleaseStatus.PAUSED
    assert "Azure says that it is about" in service.stored(identity).reason


def test_an_alert_on_several_resources_counts_for_each_that_azure_lists_it_under(
    service: Service,
):
    release = service.release()
    service.until_weight(release, 25)

    service.fire(alertTargetIDs=[WORKSPACE.lower(), APP.lower()])
    service.town.settle()

    service.until(release, "rolled_back", most=3)


def test_an_alert_fired_before_the_release_is_not_its_doing(service: Service):
    payload = service.alert()
    service.town.list_alert(payload)
    service.town.clock.advance(60)
    release = service.release()
    service.until_weight(release, 25)

    identity = service.receive(payload)
    service.town.settle()

    assert service.stored(identity).reason == f"it fired before {release.id} began"
    assert service.now(release).status is ReleaseStatus.PROGRESSING


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param({"monitorCondition": "Resolved"}, "something is over", id="resolved"),
        pytest.param(
            {"alertTargetIDs": [APP.replace("rewards-api", "settlement")]},
            "no release is under way on what it names",
            id="another resource",
        ),
        pytest.param(
            {"alertTargetIDs": ["/subscriptions/x/resourcegroups/test-RG"]},
            "no release is under way on what it names",
            id="a test of the action group",
        ),
    ],
)
def test_what_has_nothing_to_do_with_it_is_kept_with_the_reason(
    service: Service, given: dict[str, Any], why: str
):
    release = service.release()
    service.until_weight(release, 25)

    identity = service.fire(**given)
    service.town.settle()

    assert why in service.stored(identity).reason
    assert service.now(release).status is ReleaseStatus.PROGRESSING


def test_without_a_release_an_alert_is_only_kept(service: Service):
    identity = service.fire()
    service.town.settle()

    assert service.stored(identity).reason == "no release is under way on what it names"


def test_an_alert_of_an_old_schema_is_found_by_its_rule(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.town.list_alert(service.alert())
    now = service.town.clock.now().isoformat()
    context = {"name": "too many failures", "resourceId": APP, "timestamp": now}

    service.receive({"status": "Activated", "context": context})
    service.town.settle()

    service.until(release, "rolled_back", most=3)


def test_an_azure_that_does_not_answer_is_asked_again(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.town.fault(match={"method": "GET", "path": "AlertsManagement"}, status=503, times=2)

    identity = service.fire()
    service.town.settle()
    assert service.stored(identity).reason.startswith("not yet:")

    service.until(release, "rolled_back", most=5)


def test_a_nudge_that_is_lost_costs_a_minute(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    service.fire()
    service.town.queue.messages.clear()

    service.town.clock.advance(60)
    timers.run(service.town.services, "tick")
    service.town.settle()

    service.until(release, "rolled_back", most=3)


def test_a_poisoned_alert_is_kept_and_says_what_to_do(service: Service):
    release = service.release()
    service.until_weight(release, 25)
    identity = service.fire()
    (message,) = [m for m in service.town.queue.messages if "alert" in m.text]
    service.town.queue.messages.clear()

    service.town.handle("urgent-poison", message.text)

    assert service.stored(identity).state is State.FAILED
    (kept,) = views.poison(service.town.services)
    assert "take a release back by hand" in kept["outcome"]


def test_a_workflow_releases_what_comes_from_its_own_repository(service: Service):
    home = Principal(
        name="a run", roles=frozenset({Role.WORKFLOW}), repository_id=1296269, token_id="j1"
    )
    stranger = Principal(name="a run", roles=frozenset({Role.WORKFLOW}), repository_id=7)
    content = {"environment": "production", "service": "rewards-api", "version": "v2"}

    with pytest.raises(Refusal) as refused:
        releasing.begin(service.town.services, stranger, content)
    begun = releasing.begin(service.town.services, home, content)

    assert refused.value.status == 403
    assert begun.release.requested_by == "a run"
