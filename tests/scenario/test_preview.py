"""The life of a preview: told by deliveries and time, seen in Azure, on GitHub, in the trail."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from provisioning import runner, views
from provisioning.app import WORKFLOWS
from provisioning.errors import Refusal
from provisioning.identity import Principal, Role
from provisioning.intake import people
from provisioning.model import Phase
from provisioning.operations import Status
from tests.builders import REPOSITORY_ID, pull_event, pull_object, run_object
from tests.scenario.pulls import (
    CONTAINERS,
    MINUTE,
    NAME,
    ONE,
    TWO,
    at,
    build,
    close,
    in_azure,
    push,
    states,
    up,
)
from tests.town import ANYBODY, Town


def containers(town: Town) -> dict[str, Any]:
    (group,) = in_azure(town, CONTAINERS)
    return group


def test_an_opened_pull_request_gets_a_preview_that_answers(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    waiting = town.environment(NAME)
    build(town, ONE)
    town.pass_time(3 * MINUTE)
    ready = town.environment(NAME)

    assert waiting.phase is Phase.CREATING
    assert [c.kind for c in waiting.conditions] == ["ImagePending"]
    assert ready.phase is Phase.READY
    assert ready.conditions == ()
    assert httpx.get(f"{ready.url}/health").json()["status"] == "ok"
    assert states(town) == ["queued", "in_progress", "success"]


def test_everything_built_carries_the_four_tags(town: Town) -> None:
    up(town)

    found = [r["tags"] for r in town.resources()]
    assert len(found) == 3
    for tags in found:
        assert tags["tesoro-environment"] == NAME
        assert tags["tesoro-kind"] == "preview"
        assert tags["tesoro-owner"] == "platform"
        assert tags["tesoro-expires"] == "2026-11-26T09:00:00Z"


def test_a_closed_pull_request_leaves_nothing_behind(town: Town) -> None:
    up(town)

    close(town)
    town.pass_time(5 * MINUTE)

    gone = town.environment(NAME)
    assert gone.phase is Phase.GONE
    assert gone.url is None
    assert town.resources() == []
    assert states(town)[-1] == "inactive"
    assert views.verify(town.services)["valid"]


def test_a_push_restarts_the_containers_with_the_new_commit(town: Town) -> None:
    up(town)

    push(town, "synchronize", TWO, at(10))
    moving = town.environment(NAME)
    build(town, TWO)
    town.pass_time(3 * MINUTE)

    assert moving.phase is Phase.CREATING
    ready = town.environment(NAME)
    assert ready.phase is Phase.READY
    assert ready.sha == TWO
    images = [c["properties"]["image"] for c in containers(town)["properties"]["containers"]]
    assert images[0] == f"ghcr.io/tesoro/rewards-api:{TWO}"
    assert httpx.get(f"{ready.url}/health").json()["image"] == images[0]


def test_a_newer_commit_supersedes_what_is_under_way(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    first = town.environment(NAME).operation
    push(town, "synchronize", TWO, at(10))
    build(town, TWO)
    town.pass_time(3 * MINUTE)

    assert first is not None
    old = views.find_operation(town.services, first)
    assert old is not None
    assert str(old.status) == "superseded"
    assert town.environment(NAME).sha == TWO
    assert containers(town)["tags"]["tesoro-environment"] == NAME


def test_a_synchronize_after_closed_brings_nothing_back(town: Town) -> None:
    up(town)
    close(town)
    town.pass_time(5 * MINUTE)
    town.forget_calls()

    late = pull_event("synchronize", 7, sha=TWO, updated_at=at(11))
    town.deliver("pull_request", late)
    town.settle()
    town.pass_time(timedelta(hours=1))

    assert town.environment(NAME).phase is Phase.GONE
    assert [c for c in town.calls() if c["method"] in ("PUT", "POST", "DELETE", "PATCH")] == []


def test_closed_for_one_never_heard_of_writes_its_tombstone(town: Town) -> None:
    close(town)

    assert town.environment(NAME).phase is Phase.GONE
    assert town.calls() == []


def test_a_reopened_pull_request_gets_its_preview_back(town: Town) -> None:
    up(town)
    close(town)
    town.pass_time(5 * MINUTE)

    push(town, "reopened", ONE, at(21))
    town.pass_time(3 * MINUTE)

    again = town.environment(NAME)
    assert again.phase is Phase.READY
    assert again.incarnation == 2


def test_reopened_while_it_is_being_deleted_it_is_built_anew(town: Town) -> None:
    up(town)
    close(town)

    push(town, "reopened", ONE, at(21))
    town.pass_time(6 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY
    assert len(in_azure(town, CONTAINERS)) == 1


def test_the_same_body_under_another_id_is_handled_once(town: Town) -> None:
    up(town)
    payload = pull_event("opened", 7, sha=ONE, updated_at=at(9))
    before = town.environment(NAME)

    town.deliver("pull_request", payload, "another-id")
    town.settle()

    assert town.environment(NAME) == before
    listed = {d.id: d for d in deliveries_of(town)}
    assert "the same body" in listed["another-id"].reason


def deliveries_of(town: Town) -> list[Any]:
    from provisioning.intake import deliveries

    return deliveries.recent(town.services, most=50)


def test_a_fork_gets_nothing(town: Town) -> None:
    push(town, "opened", ONE, at(9), fork=True)
    build(town, ONE)
    town.pass_time(15 * MINUTE)

    assert town.environment(NAME).phase is Phase.ABSENT
    assert town.calls("PUT") == []


def test_a_preview_expires_after_its_last_push_and_a_push_revives_it(town: Town) -> None:
    up(town)

    town.pass_time(timedelta(hours=73), step=timedelta(minutes=10))
    expired = town.environment(NAME)
    push(town, "synchronize", TWO, "2026-11-27T09:00:00Z")
    build(town, TWO)
    town.pass_time(6 * MINUTE)

    assert expired.phase is Phase.GONE
    assert town.environment(NAME).phase is Phase.READY


def test_a_lease_keeps_it_and_its_tags_say_so(town: Town) -> None:
    up(town)

    people.lease(
        town.services, NAME, ANYBODY, {"until": "2026-11-30T09:00:00Z", "reason": "a demo"}
    )
    town.settle()
    town.pass_time(timedelta(hours=80), step=timedelta(minutes=10))

    kept = town.environment(NAME)
    assert kept.phase is Phase.READY
    assert containers(town)["tags"]["tesoro-expires"] == "2026-11-30T09:00:00Z"


def test_a_container_that_crashes_shows_its_last_words_without_secrets(town: Town) -> None:
    town.images(
        {
            "match": "rewards-api",
            "behaviour": "crash",
            "logs": "connecting\nFATAL password=hunter2 refused",
        }
    )
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(30 * MINUTE)

    failed = town.environment(NAME)
    assert failed.phase is Phase.FAILED
    assert "FATAL" in (failed.log_tail or "")
    assert "hunter2" not in (failed.log_tail or "")
    assert states(town)[-1] == "failure"


def test_an_image_that_cannot_be_pulled_fails_with_a_sentence(town: Town) -> None:
    town.images({"match": "rewards-api", "behaviour": "missing"})
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(45 * MINUTE)

    failed = town.environment(NAME)
    assert failed.phase is Phase.FAILED
    assert "rewards-api" in failed.conditions[0].message


def test_a_failed_preview_is_replaced_by_the_next_push(town: Town) -> None:
    town.images({"match": ONE, "behaviour": "crash"})
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(30 * MINUTE)
    failed = town.environment(NAME)
    push(town, "synchronize", TWO, at(11))
    build(town, TWO)
    town.pass_time(8 * MINUTE)

    assert failed.phase is Phase.FAILED
    assert town.environment(NAME).phase is Phase.READY


def test_a_deletion_that_fails_is_leaked_and_heals(town: Town) -> None:
    up(town)
    town.fault(
        match={"method": "DELETE", "path": "resourcegroups/rg-tesoro-pr-7"},
        status=403,
        code="AuthorizationFailed",
        times=1000,
    )
    close(town)
    town.pass_time(10 * MINUTE)
    leaked = town.environment(NAME)
    town.pass_time(timedelta(hours=2))
    still = town.environment(NAME)
    town.mended()
    town.pass_time(timedelta(hours=1, minutes=5))

    assert leaked.phase is Phase.LEAKED
    assert "AuthorizationFailed" in leaked.conditions[0].message
    assert still.phase is Phase.LEAKED
    assert town.environment(NAME).phase is Phase.GONE
    assert town.resources() == []


def test_a_lock_inside_the_group_makes_it_leaked_with_what_is_left(town: Town) -> None:
    up(town)
    group = containers(town)["id"]
    town.seed(
        {
            "id": f"{group}/providers/Microsoft.Authorization/locks/keep",
            "name": "keep",
            "type": "Microsoft.Authorization/locks",
            "properties": {"level": "CanNotDelete"},
        }
    )
    close(town)
    town.pass_time(timedelta(minutes=45))

    leaked = town.environment(NAME)
    assert leaked.phase is Phase.LEAKED
    assert "ScopeLocked" in leaked.conditions[0].message


def test_a_group_that_is_not_ours_is_not_touched(town: Town) -> None:
    town.seed(
        {
            "id": f"/subscriptions/{town.services.settings.subscription}"
            f"/resourceGroups/rg-tesoro-{NAME}",
            "name": f"rg-tesoro-{NAME}",
            "type": "Microsoft.Resources/resourceGroups",
            "location": "westeurope",
            "tags": {"owner": "somebody"},
            "properties": {"provisioningState": "Succeeded"},
        }
    )
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(5 * MINUTE)

    assert town.environment(NAME).phase is Phase.FAILED
    assert "tesoro-environment" in town.environment(NAME).conditions[0].message
    assert town.calls("PUT") == []


def test_what_nobody_owns_is_found_loud_and_removed_an_hour_later(town: Town) -> None:
    name = "pr-99-rewards-api"
    town.seed(
        {
            "id": f"/subscriptions/{town.services.settings.subscription}"
            f"/resourceGroups/rg-tesoro-{name}",
            "name": f"rg-tesoro-{name}",
            "type": "Microsoft.Resources/resourceGroups",
            "location": "westeurope",
            "tags": {
                "tesoro-environment": name,
                "tesoro-kind": "preview",
                "tesoro-owner": "platform",
            },
            "properties": {"provisioningState": "Succeeded"},
        }
    )
    town.pass_time(timedelta(hours=1))
    found = town.environment(name)
    town.pass_time(timedelta(hours=1, minutes=5))

    assert found.phase is Phase.LEAKED
    assert found.conditions[0].kind == "Orphaned"
    assert town.environment(name).phase is Phase.GONE
    assert town.resources() == []


def test_a_lost_delivery_is_repaired_within_ten_minutes(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))
    town.runs(run_object(ONE))
    town.pass_time(14 * MINUTE)
    ready = town.environment(NAME)
    town.pulls(pull_object(7, sha=ONE, state="closed", updated_at=at(20)))
    town.pass_time(14 * MINUTE)

    assert ready.phase is Phase.READY
    assert town.environment(NAME).phase is Phase.GONE


def test_github_down_never_holds_the_environment(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    town.runs(run_object(ONE))
    town.github_fault(match={"path": "deployments|comments"}, status=502, times=10_000)
    build(town, ONE)
    town.pass_time(10 * MINUTE)
    during = town.environment(NAME)
    told = states(town)
    town.github_mended()
    town.pass_time(5 * MINUTE)

    assert during.phase is Phase.READY
    assert "success" not in told
    assert states(town) == ["queued", "in_progress", "success"]


def test_throttled_azure_is_waited_for(town: Town) -> None:
    town.fault(
        match={"method": "PUT"},
        status=429,
        code="SubscriptionRequestsThrottled",
        headers={"Retry-After": "120"},
        times=1,
    )
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(MINUTE)
    waiting = town.environment(NAME)
    town.pass_time(6 * MINUTE)

    assert waiting.phase is Phase.CREATING
    assert town.environment(NAME).phase is Phase.READY


def test_a_connection_cut_after_the_work_creates_nothing_twice(town: Town) -> None:
    town.fault(match={"method": "PUT", "path": "containergroups"}, drop="after", times=1)
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(5 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY
    puts = [c for c in town.calls("PUT") if "containergroups" in c["path"].lower()]
    assert len(puts) == 1


def test_taken_down_on_request_it_stays_down_until_wanted_again(town: Town) -> None:
    up(town)

    town.wish(NAME, up=False)
    town.pass_time(15 * MINUTE)
    down = town.environment(NAME)
    town.wish(NAME, up=True)
    town.pass_time(5 * MINUTE)

    assert down.phase is Phase.GONE
    assert town.environment(NAME).phase is Phase.READY


def test_the_same_wish_in_flight_is_the_same_operation(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))
    wish = people.Wish(name=NAME, by=ANYBODY, is_up=True)

    first = people.grant(town.services, wish)
    second = people.grant(town.services, wish)

    assert first.operation == second.operation
    assert first.operation is not None


def test_a_dry_run_changes_nothing_and_its_hash_holds_until_the_world_changes(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))
    wish = people.Wish(name=NAME, by=ANYBODY, is_up=True)

    planned = people.plan(town.services, wish)
    again = people.plan(town.services, wish)
    town.pulls(pull_object(7, sha=TWO, updated_at=at(10)))

    assert planned == again
    assert planned.workflow == "preview.up"
    with pytest.raises(Refusal) as refused:
        people.grant(town.services, wish, if_match=planned.hash)
    assert refused.value.status == 412


def test_a_workflow_may_only_act_on_its_own_repository(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))
    other = Principal(name="run", roles=frozenset({Role.WORKFLOW}), repository_id=1)
    own = Principal(name="run", roles=frozenset({Role.WORKFLOW}), repository_id=REPOSITORY_ID)

    with pytest.raises(Refusal) as refused:
        people.grant(town.services, people.Wish(name=NAME, by=other, is_up=True))
    granted = people.grant(town.services, people.Wish(name=NAME, by=own, is_up=True))

    assert refused.value.status == 403
    assert granted.operation is not None


def test_why_answers_from_the_decision_in_force_then(town: Town) -> None:
    up(town)
    during = town.clock.now()
    town.pass_time(10 * MINUTE)
    close(town)
    town.pass_time(5 * MINUTE)

    then = views.why(town.services, NAME, during)
    now = views.why(town.services, NAME, town.clock.now())

    assert then is not None
    assert "open at" in then["because"]
    assert then["inputs"]["phase"] in ("creating", "ready", "absent")
    assert now is not None
    assert "closed" in now["because"]
    assert then["replays"]
    assert now["replays"]


def previews(town: Town) -> list[str]:
    """Return the previews in the list."""
    shown = views.environments(town.services)
    return [e["name"] for e in shown if e["kind"] == "preview"]


def test_a_timer_that_does_not_run_is_reported_once(town: Town) -> None:
    from provisioning.intake import timers

    for minute in range(40):
        town.clock.advance(60)
        timers.run(town.services, "tick")
        if minute % 5 == 0:
            timers.run(town.services, "power")

    trail, _ = views.trail(town.services, "control-plane", None, most=50)
    assert [r["event"] for r in trail] == ["timer-missing"]
    assert "repair" in trail[0]["text"]


def test_a_gone_preview_leaves_the_list_after_a_day_and_its_trail_stays(town: Town) -> None:
    up(town)
    close(town)
    town.pass_time(timedelta(hours=20), step=timedelta(minutes=10))
    soon = previews(town)
    town.pass_time(timedelta(hours=6), step=timedelta(minutes=10))

    assert soon == [NAME]
    assert previews(town) == []
    assert views.one_environment(town.services, NAME) is None
    assert views.trail(town.services, NAME, None, most=5)[0] != []


def test_a_poisoned_message_is_kept_and_shown(town: Town) -> None:
    up(town)

    town.handle("operations-poison", "this is no JSON")
    town.handle("deliveries-poison", '{"hour": "2026-11-23T09", "key": "unknown"}')

    shown = {p["queue"]: p["text"] for p in views.poison(town.services)}
    assert shown["operations"] == "this is no JSON"
    assert "unknown" in str(shown["deliveries"])


def test_an_operation_poisoned_twice_has_failed_and_says_how_to_go_on(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    operation = town.environment(NAME).operation
    text = f'{{"target": "{NAME}", "operation": "{operation}"}}'

    town.handle("operations-poison", text)
    once = town.environment(NAME)
    town.handle("operations-poison", text)

    assert once.phase is Phase.CREATING
    assert town.environment(NAME).phase is Phase.FAILED
    assert "PUT /api/environments/" in views.poison(town.services)[-1]["outcome"]


def test_two_decisions_at_one_instant_are_both_kept(town: Town) -> None:
    up(town)

    people.lease(town.services, NAME, ANYBODY, {"for": "P5D", "reason": "a demo"})
    people.grant(town.services, people.Wish(name=NAME, by=ANYBODY, is_up=False))

    newest = views.why(town.services, NAME, town.clock.now())
    assert newest is not None
    assert newest["action"] == "preview.down"


def test_a_cancelled_creation_stays_failed_until_the_next_push(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    operation = town.environment(NAME).operation
    assert operation is not None
    runner.stop(
        town.services, NAME, operation, Status.CANCELLED, code="cancelled", message="no", by="ines"
    )
    build(town, ONE)
    town.pass_time(15 * MINUTE)
    stopped = town.environment(NAME)
    push(town, "synchronize", TWO, at(10))
    build(town, TWO)
    town.pass_time(4 * MINUTE)

    assert stopped.phase is Phase.FAILED
    assert town.environment(NAME).phase is Phase.READY


def test_a_cancelled_deletion_is_leaked_until_the_next_sweep(town: Town) -> None:
    up(town)
    close(town)
    operation = town.environment(NAME).operation
    assert operation is not None
    runner.stop(
        town.services, NAME, operation, Status.CANCELLED, code="cancelled", message="no", by="ines"
    )
    town.pass_time(15 * MINUTE)
    leaked = town.environment(NAME)
    town.pass_time(timedelta(hours=1, minutes=5))

    assert leaked.phase is Phase.LEAKED
    assert town.environment(NAME).phase is Phase.GONE


def test_what_nobody_heard_of_is_not_built_by_taking_it_down(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))

    town.wish(NAME, up=False)
    town.pass_time(5 * MINUTE)

    assert town.environment(NAME).phase is Phase.ABSENT
    assert town.calls("PUT") == []


def test_tags_that_cannot_be_set_are_tried_again_by_the_sweep_alone(town: Town) -> None:
    up(town)
    town.fault(
        match={"method": "PATCH", "path": "tags/default"},
        status=403,
        code="AuthorizationFailed",
        times=1000,
    )
    people.lease(town.services, NAME, ANYBODY, {"for": "P5D", "reason": "a demo"})
    town.settle()
    town.pass_time(30 * MINUTE)
    tried = len(town.calls("PATCH"))
    town.mended()
    town.pass_time(timedelta(hours=1))

    assert tried == 1
    ready = town.environment(NAME)
    assert (ready.phase, ready.conditions) == (Phase.READY, ())
    assert containers(town)["tags"]["tesoro-expires"] == "2026-11-28T09:03:00Z"


def test_what_azure_says_of_principals_stays_out_of_the_public(town: Town) -> None:
    town.fault(
        match={"method": "PUT"},
        status=403,
        code="AuthorizationFailed",
        times=1000,
    )
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(2 * MINUTE)

    told = [r["body"].get("description") or r["body"]["body"] for r in town.said("POST")[1:]]
    told += [r["body"]["body"] for r in town.said("PATCH", "comments")]
    assert any("AuthorizationFailed" in text for text in told)
    assert not any("subscriptions" in text for text in told)


def test_an_operation_that_this_version_does_not_know_ends(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    known = town.services
    town.services = replace(known, workflows={k: w for k, w in WORKFLOWS.items() if "up" not in k})
    operation = town.environment(NAME).operation
    town.clock.advance(400)
    runner.run_one_step(json.dumps({"target": NAME, "operation": operation}), town.services)
    town.services = known
    push(town, "synchronize", TWO, at(10))
    build(town, TWO)
    town.pass_time(3 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY


def test_a_failed_delivery_that_comes_again_is_taken(town: Town) -> None:
    payload = pull_event("opened", 7, sha=ONE)
    town.pulls(pull_object(7, sha=ONE))
    town.deliver("pull_request", payload, "one-id")
    message = town.queue.messages.popleft()
    town.handle("deliveries-poison", message.text)
    failed = deliveries_of(town)[0].state

    town.deliver("pull_request", payload, "one-id")
    town.settle()

    assert str(failed) == "failed"
    assert town.environment(NAME).phase is Phase.CREATING
