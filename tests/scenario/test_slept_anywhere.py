"""A night and a morning, killed at every write and every call in turn: the end is the same.

Each life is one night of one environment. What was is kept before anything stops, and each step
looks before it writes: so whatever dies, the morning finds every property as the evening left it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioning import ledger, views
from provisioning.model import Hours, Phase
from tests.effort import IS_THOROUGH, unmeasured
from tests.scenario.perils import Hands, Peril, in_peril
from tests.scenario.test_nights import everything
from tests.town import Town, a_town

DAILY = Hours(zone="UTC", days=(0, 1, 2, 3, 4, 5, 6), opens="07:00", closes="19:00")
SHARES = 2  # the moments are dealt to so many tests, for several cores


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return one town for all nights, whose catalog has staging alone, every day of the week."""
    with a_town(tmp_path_factory.mktemp("nights"), furnished=True) as started:
        catalog = started.services.catalog
        staging = replace(catalog.environments["staging"], hours=DAILY)
        alone = replace(catalog, environments={"staging": staging})
        started.services = replace(started.services, catalog=alone)
        yield started


class Night:
    """One night and one morning, with kills survived as the host does."""

    def __init__(self, town: Town, peril: Peril) -> None:
        self.town, self.peril = town, peril
        self.hands = Hands(self.town, peril)

    def live(self) -> None:
        """Live it whole, from the day before to the morning after."""
        self.until_hour(12)
        self.hands.timer("power")
        self.until_hour(19)
        self.wait_for(Phase.ASLEEP)
        self.asleep = [r.awake for r in self.town.environment("staging").resources]
        self.until_hour(7)
        self.wait_for(Phase.READY)

    def until_hour(self, hour: int) -> None:
        now = self.town.clock.now()
        then = now.replace(hour=hour, minute=0, second=0, microsecond=0)
        then += timedelta(days=1) if then <= now else timedelta(0)
        self.town.clock.advance((then - now).total_seconds())

    def wait_for(self, phase: Phase) -> None:
        self.hands.timer("power")
        for _ in range(40):
            held = ledger.environment(self.town.services.table, "staging")
            if held is not None and held.phase is phase and held.operation is None:
                return
            self.town.clock.advance(60)
            self.hands.timer("tick")
            if held is None:
                self.hands.timer("power")
        raise AssertionError(f"staging is never {phase}: {held}")


@pytest.fixture(scope="module")
def before(town: Town) -> dict[str, Any]:
    """Return everything in Azure as it was before the first night, and must be after each."""
    return everything(town)


def lived(town: Town, peril: Peril, before: dict[str, Any]) -> None:
    with in_peril(town, peril):
        night = Night(town, peril)
        night.live()
        night.hands.timer("tick")  # what is left on the agenda
        when = f"killed at {peril.at}: {peril.killed_at}"
        row = town.environment("staging")
        assert True not in night.asleep, when
        assert everything(town) == before, when
        assert row.kept == (), when
        assert len(row.naps) == 1, when
        assert row.naps[0].ended_at is not None, when
        assert views.verify(town.services)["valid"], when
        assert ledger.plane(town.services.table).agenda == (), when
        sent = [c["path"] for c in town.calls() if c["method"] in ("POST", "PATCH")]
        assert len(sent) <= 8 + 2, (when, sent)  # a kill may cost a second request, never more


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_every_write_and_every_call_the_morning_is_the_same(
    town: Town, before: dict[str, Any], share: int
) -> None:
    peril = Peril(every=IS_THOROUGH)
    unmeasured(lambda: lived(town, peril, before))
    moments = peril.moments

    for moment in range(share, moments, SHARES):
        peril.arm(moment)
        unmeasured(lambda: lived(town, peril, before))

    assert moments > 30
