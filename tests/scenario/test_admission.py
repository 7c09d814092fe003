"""More previews than there is room for: a line, in order, that everybody can see."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from provisioning.catalog import Limits
from provisioning.model import Phase
from tests.builders import pull_event, pull_object, run_event, run_object
from tests.scenario.pulls import CONTAINERS, MINUTE, in_azure
from tests.town import Town


def limit(town: Town, **limits: Any) -> None:
    """Have the catalog allow so much and no more."""
    catalog = replace(town.services.catalog, limits=Limits(**limits))
    town.services = replace(town.services, catalog=catalog)


def sha(number: int) -> str:
    return f"{number:040x}"


def open_all(town: Town, numbers: range, **given: Any) -> None:
    """Have pull requests opened and built, one after the other."""
    pulls = [a_pull(number, **given) for number in numbers]
    town.pulls(*pulls)
    town.runs(*(run_object(sha(number), id=number) for number in numbers))
    for number in numbers:
        event = pull_event("opened", number, sha=sha(number))
        event["pull_request"] = a_pull(number, **given)
        town.deliver("pull_request", event)
        town.settle()
        town.clock.advance(1)


def a_pull(number: int, **given: Any) -> dict[str, Any]:
    pull = pull_object(number, sha=sha(number))
    authors = given.get("authors", {})
    return {**pull, "user": {"login": authors.get(number, "ines"), "id": 5}}


def phases(town: Town, numbers: range) -> list[Phase]:
    return [town.environment(f"pr-{number}-rewards-api").phase for number in numbers]


def reason(town: Town, number: int) -> str:
    (condition,) = town.environment(f"pr-{number}-rewards-api").conditions
    assert condition.kind == "AdmissionPending"
    return condition.message


def close(town: Town, number: int) -> None:
    given = {"state": "closed", "updated_at": "2026-11-23T20:00:00Z", "sha": sha(number)}
    event = pull_event("closed", number, **given)
    town.tell("pull_request", event)
    town.deliver("pull_request", event)
    town.settle()


def test_those_over_wait_in_order_and_come_in_as_others_go(town: Town) -> None:
    limit(town, previews=2, cores=80, of_an_author=40)
    numbers = range(1, 5)
    open_all(town, numbers)
    town.pass_time(4 * MINUTE)
    before = phases(town, numbers)
    third, fourth = reason(town, 3), reason(town, 4)

    close(town, 1)
    town.pass_time(6 * MINUTE)
    between = phases(town, numbers)
    close(town, 2)
    town.pass_time(6 * MINUTE)

    ready, waits, gone = Phase.READY, Phase.CREATING, Phase.GONE
    assert before == [ready, ready, waits, waits]
    assert third == (
        "waits for room: 2 of 2 previews and 4 of 80 cores are in use; it is the next"
    )
    assert fourth.endswith("one is before it")
    assert between == [gone, ready, ready, waits]
    assert phases(town, numbers) == [gone, gone, ready, ready]


def test_github_is_told_that_it_waits_for_room(town: Town) -> None:
    limit(town, previews=1)
    open_all(town, range(1, 3))
    town.pass_time(3 * MINUTE)

    told = [r["body"]["body"] for r in town.said("POST", "issues/2/comments")]
    told += [r["body"]["body"] for r in town.said("PATCH", "issues/comments")]
    assert any("pr-2-" in text and "waits for room" in text for text in told)


def test_cores_count_as_well(town: Town) -> None:
    limit(town, previews=40, cores=3.0)
    open_all(town, range(1, 3))
    town.pass_time(4 * MINUTE)

    assert phases(town, range(1, 3)) == [Phase.READY, Phase.CREATING]


def test_an_author_with_enough_lets_others_pass(town: Town) -> None:
    limit(town, previews=3, of_an_author=1)
    numbers = range(1, 4)
    open_all(town, numbers, authors={3: "olu"})
    town.pass_time(4 * MINUTE)

    assert phases(town, numbers) == [Phase.READY, Phase.CREATING, Phase.READY]
    assert reason(town, 2) == "waits for room: ines has 1 of 1 previews already"


def test_one_that_is_closed_in_the_line_holds_nobody_up(town: Town) -> None:
    limit(town, previews=1)
    numbers = range(1, 4)
    open_all(town, numbers)
    town.pass_time(3 * MINUTE)

    close(town, 2)
    close(town, 1)
    town.pass_time(6 * MINUTE)

    assert phases(town, numbers) == [Phase.GONE, Phase.GONE, Phase.READY]


def test_a_push_keeps_the_place_in_the_line(town: Town) -> None:
    limit(town, previews=1)
    open_all(town, range(1, 4))
    town.pass_time(2 * MINUTE)
    newer = {"sha": sha(99), "updated_at": "2026-11-23T10:00:00Z"}
    event = pull_event("synchronize", 2, **newer)
    town.tell("pull_request", event)
    town.deliver("pull_request", event)
    town.runs(run_object(sha(99), id=99), run_object(sha(3), id=3))
    town.deliver("workflow_run", run_event(sha(99), id=99))
    town.settle()

    close(town, 1)
    town.pass_time(6 * MINUTE)

    assert phases(town, range(1, 4)) == [Phase.GONE, Phase.READY, Phase.CREATING]
    assert town.environment("pr-2-rewards-api").sha == sha(99)


def test_one_whose_new_commit_is_being_built_holds_nobody_up(town: Town) -> None:
    limit(town, previews=1)
    open_all(town, range(1, 4))
    town.pass_time(2 * MINUTE)
    event = pull_event("synchronize", 2, sha=sha(99), updated_at="2026-11-23T10:00:00Z")
    town.tell("pull_request", event)
    town.deliver("pull_request", event)
    town.settle()

    close(town, 1)
    town.pass_time(6 * MINUTE)
    passed = phases(town, range(1, 4))
    town.runs(run_object(sha(99), id=99))
    close(town, 3)
    town.pass_time(12 * MINUTE)

    assert passed == [Phase.GONE, Phase.CREATING, Phase.READY]
    assert town.environment("pr-2-rewards-api").phase is Phase.READY


def test_no_more_container_groups_are_begun_in_five_minutes_than_azure_takes(town: Town) -> None:
    limit(town, previews=40, creates=3)
    open_all(town, range(1, 6))
    town.pass_time(2 * MINUTE)
    soon = len(in_azure(town, CONTAINERS))
    town.pass_time(timedelta(minutes=8))

    assert soon == 3
    assert phases(town, range(1, 6)) == [Phase.READY] * 5
