"""What GitHub's events of many pull requests look like when the network has had its way with them.

Each pull request has a story that could have happened: opened, pushed to, closed, opened again. Of
its deliveries some are lost, some come twice, and all come in any order; only GitHub itself knows
how each story ended.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.builders import pull_event, pull_object


@dataclass(frozen=True)
class Chaos:
    """Deliveries as they arrive, those that never do, and what GitHub has in the end."""

    arriving: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    pulls: list[dict[str, Any]]

    @property
    def open(self) -> dict[str, str]:
        """The previews that there should be, and the commit of each."""
        return {name_of(p["number"]): p["head"]["sha"] for p in self.pulls if p["state"] == "open"}


def name_of(number: int) -> str:
    """Return the name of a pull request's preview."""
    return f"pr-{number}-rewards-api"


def a_chaos(
    random: Random, *, pulls: int, events: int, lost: float = 0.3, doubled: float = 0.3
) -> Chaos:
    """Return so many events of so many pull requests; `lost` and `doubled` are shares of them."""
    lengths = [1] * pulls
    for _ in range(events - pulls):
        lengths[random.randrange(pulls)] += 1
    stories = [_story(random, number + 1, length) for number, length in enumerate(lengths)]
    every = [event for story in stories for event in story]
    random.shuffle(every)
    count = round(lost * len(every))
    missing, heard = every[:count], every[count:]
    arriving = heard + random.sample(heard, round(doubled * len(heard)))
    random.shuffle(arriving)
    return Chaos(arriving, missing, [story[-1]["pull_request"] for story in stories])


def _story(random: Random, number: int, length: int) -> list[dict[str, Any]]:
    """Return the events of one pull request, in the order in which they happened."""
    is_open, commits, story = True, 1, []
    action = "opened"
    for step in range(length):
        given = {
            "sha": f"{number:04x}{commits:04x}" * 5,
            "state": "open" if is_open else "closed",
            "updated_at": f"2026-11-23T08:{step:02d}:00Z",
        }
        event = pull_event(action, number, **given)
        event["pull_request"] = pull_object(number, **given)
        story.append(event)
        action = random.choice(("synchronize", "synchronize", "closed")) if is_open else "reopened"
        commits += int(action == "synchronize")
        is_open = action != "closed"
    return story
