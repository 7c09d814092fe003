"""Whatever order events come in, and however often: what GitHub says now is what there is."""

import itertools
from collections.abc import Iterator

import pytest

from provisioning.model import Phase
from tests.builders import pull_event, pull_object, run_object
from tests.effort import unmeasured
from tests.scenario.pulls import ONE, TWO, at
from tests.town import Town, a_town

EVENTS = {
    "opened": {"sha": ONE, "updated_at": at(9)},
    "synchronize": {"sha": TWO, "updated_at": at(10)},
    "closed": {"sha": TWO, "updated_at": at(11), "state": "closed"},
    "reopened": {"sha": TWO, "updated_at": at(12)},
}
ORDERS = list(itertools.permutations(EVENTS))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return one town for all orders: each has a pull request of its own."""
    with a_town(tmp_path_factory.mktemp("orders")) as started:
        yield started


@pytest.mark.parametrize("number", range(1, len(ORDERS) + 1))
def test_in_every_order_there_is_one_preview_at_the_newest_commit(town: Town, number: int) -> None:
    name = f"pr-{number}-rewards-api"
    town.pulls(pull_object(number, **EVENTS["reopened"]))
    town.runs(run_object(ONE), run_object(TWO))
    town.forget_calls()

    def live() -> None:
        for action in ORDERS[number - 1]:
            town.deliver("pull_request", pull_event(action, number, **EVENTS[action]))
            town.settle()
            town.pass_minutes(1)
        town.pass_minutes(3)

    live() if number == 1 else unmeasured(live)

    preview = town.environment(name)
    assert (preview.phase, preview.sha) == (Phase.READY, TWO)
    created = [c["path"].lower() for c in town.calls("PUT") if c["status"] == 201]
    assert len(created) == len(set(created)) == 3
    assert all(name in path for path in created)

    town.pulls(pull_object(number, sha=TWO, state="closed", updated_at=at(13)))
    closed = pull_event("closed", number, sha=TWO, state="closed", updated_at=at(13))
    town.deliver("pull_request", closed)
    town.pass_minutes(3)
    assert town.environment(name).phase is Phase.GONE
    town.forget_calls()
    before = town.environment(name)

    for action, given in EVENTS.items():
        again = f"{number}-{action}-again"
        town.deliver("pull_request", pull_event(action, number, **given), again)
        town.settle()

    assert town.calls() == []
    assert town.environment(name) == before
