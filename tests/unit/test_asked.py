"""What can be asked of releases: every fault at once, and one wish however many ask."""

from dataclasses import replace
from typing import Any

import pytest

from provisioning.catalog import Catalog
from provisioning.errors import Refusal
from provisioning.model import Mode, Release, ReleaseStatus
from provisioning.operations import operation_id
from provisioning.releases import asked
from tests.builders import START, the_catalog

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
WISH = {"environment": "production", "service": "rewards-api", "version": "v2"}


def faults(
    content: dict[str, Any], catalog: Catalog | None = None
) -> list[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refused:
        asked.read_wish(content, catalog or the_catalog())
    return [(fault.code, fault.target) for fault in refused.value.faults]


def a_release(**given: Any) -> Release:
    wish = asked.read_wish(WISH, the_catalog())
    fresh = asked.begun(wish, SUBSCRIPTION, target="release~p~r", by="ines", now=START)
    return replace(fresh, **given)


@pytest.mark.parametrize("strategy", [{}, {"strategy": "canary"}])
def test_a_wish_is_read(strategy: dict[str, str]):
    wish = asked.read_wish(WISH | strategy, the_catalog())

    found = (wish.environment.name, wish.placed.service, wish.version)
    assert found == ("production", "rewards-api", "v2")


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        pytest.param({"environment": "prod"}, ("environment_unknown", "environment"), id="place"),
        pytest.param({"environment": 7}, ("environment_unknown", "environment"), id="a number"),
        pytest.param({"service": "x"}, ("service_unknown", "service"), id="service"),
        pytest.param({"service": "members-web"}, ("host_unsuited", "service"), id="a web app"),
        pytest.param({"version": "v2' or 1"}, ("field_invalid", "version"), id="a query"),
        pytest.param({"version": "../x"}, ("field_invalid", "version"), id="a path"),
        pytest.param({"version": ""}, ("field_invalid", "version"), id="no version"),
        pytest.param({"version": "v" * 64}, ("field_invalid", "version"), id="too long"),
        pytest.param({"strategy": "blue"}, ("strategy_unknown", "strategy"), id="strategy"),
        pytest.param({"force": True}, ("field_unknown", "force"), id="a field"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], fault: tuple[str, str]):
    assert faults(WISH | given) == [fault]


def test_every_fault_is_named_at_once():
    found = faults({"environment": "x", "service": "y", "version": "", "strategy": "z"})

    assert [target for _, target in found] == ["environment", "service", "version", "strategy"]


def test_a_service_that_does_not_run_there_is_refused():
    catalog = the_catalog()
    production = replace(catalog.environments["production"], services={})
    catalog = replace(catalog, environments={"production": production})

    assert faults(WISH, catalog) == [("service_unknown", "service")]


def test_what_is_only_looked_at_is_not_released_to():
    catalog = the_catalog()
    production = replace(catalog.environments["production"], mode=Mode.OBSERVE)
    catalog = replace(catalog, environments={"production": production})

    assert faults(WISH, catalog) == [("environment_observed", "environment")]


def test_a_release_is_named_after_place_service_and_number():
    first = a_release()
    wish = asked.read_wish(WISH, the_catalog())

    second = asked.begun(wish, SUBSCRIPTION, target=first.name, by="ines", now=START, before=first)

    assert (first.id, second.id) == ("production.rewards-api.1", "production.rewards-api.2")
    assert second.generation == first.generation + 1
    assert second.resource == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-tesoro-production"
        "/providers/Microsoft.App/containerApps/rewards-api"
    )


def test_whoever_takes_a_release_back_asks_for_one_operation():
    wishes = [asked.taken_back(a_release(), cause=c, by=b) for c, b in (("a", "x"), ("b", "y"))]
    again = asked.taken_back(a_release(), cause="a", by="x", attempt=2)

    first, second = (operation_id(wish) for wish in wishes)
    assert first == second != operation_id(again)


@pytest.mark.parametrize(
    ("status", "is_under_way", "can_be_taken_back"),
    [
        (ReleaseStatus.WAITING, True, True),
        (ReleaseStatus.PROGRESSING, True, True),
        (ReleaseStatus.PAUSED, True, True),
        (ReleaseStatus.PROMOTED, False, True),
        (ReleaseStatus.ROLLED_BACK, False, False),
        (ReleaseStatus.FAILED, False, True),
    ],
)
def test_what_can_still_be_done_follows_from_where_it_stands(
    status: ReleaseStatus, is_under_way: bool, can_be_taken_back: bool
):
    release = a_release(status=status)

    assert asked.is_under_way(release) is is_under_way
    assert asked.can_be_taken_back(release) is can_be_taken_back
