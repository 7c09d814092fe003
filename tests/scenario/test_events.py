"""What else happens at GitHub: labels, branches, installations, new names."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioning import views
from provisioning.catalog import Which
from provisioning.coalescing import Coalescer
from provisioning.intake import deliveries, timers
from provisioning.model import Phase
from tests.builders import REPOSITORY, REPOSITORY_ID, pull_event, pull_object, run_object
from tests.scenario.pulls import MINUTE, NAME, ONE, TWO, at, build, comment, up, writes
from tests.town import Town

HOME = {"id": REPOSITORY_ID, "full_name": REPOSITORY}


def labelled_only(town: Town) -> None:
    """Have only labelled pull requests get a preview."""
    catalog = town.services.catalog
    service = catalog.services["rewards-api"]
    assert service.preview is not None
    preview = replace(service.preview, pull_requests=Which.LABELLED)
    services = {**catalog.services, "rewards-api": replace(service, preview=preview)}
    town.services = replace(town.services, catalog=replace(catalog, services=services))


def label(town: Town, action: str, when: str, *names: str) -> None:
    """Have the labels of pull request 7 change."""
    given = {"sha": ONE, "updated_at": when}
    labels = [{"name": name} for name in names]
    event = pull_event(action, 7, **given)
    event["pull_request"]["labels"] = labels
    event["label"] = {"name": "preview"}
    town.pulls({**pull_object(7, **given), "labels": labels})
    town.deliver("pull_request", event)
    town.settle()


def test_where_a_label_is_needed_it_brings_the_preview_up_and_takes_it_down(town: Town) -> None:
    labelled_only(town)
    label(town, "opened", at(9), "bug")
    town.runs(run_object(ONE))
    town.pass_time(3 * MINUTE)
    without = town.environment(NAME).phase, writes(town)
    label(town, "labeled", at(10), "bug", "preview")
    town.pass_time(4 * MINUTE)
    labelled = town.environment(NAME).phase
    label(town, "unlabeled", at(11), "bug")
    town.pass_time(5 * MINUTE)

    assert without == (Phase.ABSENT, [])
    assert labelled is Phase.READY
    assert town.environment(NAME).phase is Phase.GONE


def test_without_its_label_it_comes_up_for_who_asks(town: Town) -> None:
    labelled_only(town)
    label(town, "opened", at(9))
    town.runs(run_object(ONE))

    comment(town, "/preview up")
    town.pass_time(4 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY


def test_why_a_pull_request_without_its_label_has_no_preview(town: Town) -> None:
    labelled_only(town)
    label(town, "opened", at(9))

    why = views.why(town.services, NAME, town.clock.now())

    assert why is not None
    assert "does not have the label preview" in why["because"]
    assert why["replays"]


def push_event(branch: str, sha: str = TWO) -> dict[str, Any]:
    return {"ref": f"refs/heads/{branch}", "after": sha, "deleted": False, "repository": HOME}


def test_a_push_says_what_the_lost_synchronize_would_have(town: Town) -> None:
    up(town)
    town.pulls(pull_object(7, sha=TWO, updated_at=at(10)))
    town.runs(run_object(TWO))

    ignored = town.deliver("push", push_event("change"))
    town.settle()
    town.pass_time(4 * MINUTE)

    assert ignored is None
    assert (town.environment(NAME).phase, town.environment(NAME).sha) == (Phase.READY, TWO)


def test_a_branch_that_is_deleted_takes_its_preview_along(town: Town) -> None:
    up(town)
    town.pulls(pull_object(7, sha=ONE, state="closed", updated_at=at(10)))

    town.deliver("delete", {"ref": "change", "ref_type": "branch", "repository": HOME})
    town.settle()
    town.pass_time(5 * MINUTE)

    assert town.environment(NAME).phase is Phase.GONE


def test_a_push_to_a_branch_without_pull_request_asks_for_nothing(town: Town) -> None:
    town.deliver("push", push_event("main"))
    town.settle()

    assert town.calls() == []


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param(
            "installation", {"action": "created", "repositories": [HOME]}, id="installed"
        ),
        pytest.param("installation", {"action": "unsuspend"}, id="let in again"),
        pytest.param(
            "installation_repositories",
            {"action": "added", "repositories_added": [HOME]},
            id="added",
        ),
        pytest.param("repository", {"action": "unarchived", "repository": HOME}, id="unarchived"),
    ],
)
def test_once_the_app_sees_a_repository_its_pull_requests_are_looked_at(
    town: Town, event: str, payload: dict[str, Any]
) -> None:
    town.pulls(pull_object(7, sha=ONE))
    town.runs(run_object(ONE))

    assert town.deliver(event, payload) is None
    town.settle()
    town.pass_time(3 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY


@pytest.mark.parametrize(
    ("event", "payload", "because"),
    [
        ("create", {"ref": "b", "ref_type": "branch", "repository": HOME}, "its pull request"),
        ("create", {"ref": "v1", "ref_type": "tag", "repository": HOME}, "a tag"),
        ("push", {"ref": "refs/tags/v1", "repository": HOME}, "a tag"),
        ("installation", {"action": "deleted"}, "go when they expire"),
        ("installation", {"action": "created", "repositories": [{"id": 1}]}, "in the catalog"),
        ("repository", {"action": "deleted", "repository": HOME}, "when they expire"),
        ("repository", {"action": "publicized", "repository": HOME}, "nothing follows"),
        ("repository", {"action": "renamed", "repository": {"id": 1}}, "not in the catalog"),
    ],
)
def test_what_nothing_follows_from_says_why(
    town: Town, event: str, payload: dict[str, Any], because: str
) -> None:
    assert because in (town.deliver(event, payload) or "")


def test_a_renamed_repository_goes_on_and_the_trail_says_what_to_do(town: Town) -> None:
    up(town)
    moved = {"id": REPOSITORY_ID, "full_name": "tesoro/points-api"}
    renamed = {
        "action": "renamed",
        "changes": {"repository": {"name": {"from": "rewards-api"}}},
        "repository": moved,
    }
    town.tell("repository", renamed)

    assert town.deliver("repository", renamed) is None
    town.settle()
    town.pulls(
        {**pull_object(7, sha=TWO, updated_at=at(10)), "base": {"ref": "main", "repo": moved}}
    )
    town.runs({**run_object(TWO), "repository": moved, "head_repository": moved})
    town.pass_time(timedelta(minutes=14))

    trail, _ = views.trail(town.services, "control-plane", None, most=50)
    noted = [r["text"] for r in trail if r["event"] == "repository-renamed"]
    assert len(noted) == 1
    assert "services.rewards-api.repository" in noted[0]
    assert (town.environment(NAME).phase, town.environment(NAME).sha) == (Phase.READY, TWO)


def test_a_build_of_a_commit_nobody_waits_for_is_said_so(town: Town) -> None:
    build(town, TWO)

    assert town.calls() == []


def test_a_burst_leaves_few_messages_and_loses_nothing(town: Town) -> None:
    town.services = replace(town.services, arrivals=Coalescer(lambda: 0.0, own=2))
    numbers = range(1, 13)
    town.pulls(*(pull_object(number, sha=f"{number:040x}") for number in numbers))
    for number in numbers:
        town.deliver("pull_request", pull_event("opened", number, sha=f"{number:040x}"))
    left = len(town.queue.messages)

    town.settle()
    town.clock.advance(1)
    town.settle()

    assert left == 3
    phases = {town.environment(f"pr-{number}-rewards-api").phase for number in numbers}
    assert phases == {Phase.CREATING}


def test_a_burst_whose_message_is_lost_costs_a_minute(town: Town) -> None:
    town.services = replace(town.services, arrivals=Coalescer(lambda: 0.0, own=0))
    town.pulls(pull_object(7, sha=ONE))
    town.deliver("pull_request", pull_event("opened", 7, sha=ONE))
    town.queue.messages.clear()

    town.pass_time(MINUTE)

    assert town.environment(NAME).phase is Phase.CREATING


def test_what_many_deliveries_of_a_burst_ask_for_is_done_once(town: Town) -> None:
    town.services = replace(town.services, arrivals=Coalescer(lambda: 0.0, own=0))
    town.pulls(pull_object(7, sha=ONE), pull_object(8, sha=TWO))
    for number, sha in ((7, ONE), (8, TWO)) * 3:
        event = pull_event("synchronize", number, sha=sha)
        town.deliver("pull_request", event | {"nth": len(town.queue.messages)}, f"d{number}{sha}")
    for nth in range(6):
        event = pull_event("labeled", 7, sha=ONE)
        town.deliver("pull_request", event, f"again-{nth}")
    before = len(town.said("GET", "/pulls/"))

    town.clock.advance(1)
    town.ripen()
    for _ in range(2):  # put by, then seen
        town.hand_out()
        town.clock.advance(1)
        town.ripen()
        if not town.queue.messages:
            break

    looks = [r["path"] for r in town.said("GET", "/pulls/")][before:]
    assert sorted(path.rpartition("/")[2] for path in looks) == ["7", "8"]
    assert {str(d.state) for d in deliveries.recent(town.services, most=50)} == {"done"}


def test_a_burst_that_github_does_not_answer_stays_unread(town: Town) -> None:
    town.services = replace(town.services, arrivals=Coalescer(lambda: 0.0, own=0))
    town.pulls(pull_object(7, sha=ONE))
    town.github_fault(match={"path": "^/repos"}, status=502, times=100)
    town.deliver("pull_request", pull_event("opened", 7, sha=ONE))
    town.settle()
    town.clock.advance(2)
    town.settle()
    during = [str(d.state) for d in deliveries.recent(town.services, most=5)]

    town.github_mended()
    town.pass_time(3 * MINUTE)

    assert during == ["accepted"]
    assert town.environment(NAME).phase is Phase.CREATING


def test_much_that_was_lost_is_asked_for_little_by_little(town: Town) -> None:
    for number in range(60):
        town.tell("push", push_event(f"lost-{number}"))
    town.clock.advance(60)

    timers.run(town.services, "repair")
    first = len(town.said("POST", "/attempts"))
    town.clock.advance(60)
    timers.run(town.services, "repair")

    assert first == 50
    assert len(town.said("POST", "/attempts")) > first
