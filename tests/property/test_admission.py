"""The line that previews wait in: never too many inside, nobody passed over without a reason."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from provisioning.catalog import Limits
from provisioning.environments.admission import (
    FIVE_MINUTES,
    HOUR,
    Place,
    next_in,
    until_next,
    why_not,
)
from tests.builders import START

LIMITS = st.builds(
    Limits,
    previews=st.integers(1, 4),
    cores=st.sampled_from([2.0, 4.0, 7.0]),
    of_an_author=st.integers(1, 3),
    creates=st.integers(1, 4),
    creates_an_hour=st.integers(1, 8),
)
PLACES = st.lists(
    st.builds(
        Place,
        name=st.just(""),
        author=st.sampled_from(["ines", "olu"]),
        cores=st.sampled_from([1.0, 2.0]),
        asked_at=st.integers(0, 9).map(lambda minute: START + timedelta(minutes=minute)),
    ),
    max_size=10,
).map(lambda found: [replace(place, name=f"pr-{i}") for i, place in enumerate(found)])
MOMENTS = st.lists(st.integers(0, 120).map(lambda minute: START + timedelta(minutes=minute)))


def let_in(places: list[Place], limits: Limits) -> tuple[list[Place], list[str]]:
    """Let in whoever's turn it is until it is nobody's; return the line, and who came in order."""
    order = []
    while (turn := next_in(places, limits)) is not None:
        assert turn.admitted_at is None
        order.append(turn.name)
        places = [replace(p, admitted_at=START) if p.name == turn.name else p for p in places]
    return places, order


@given(PLACES, LIMITS)
def test_there_is_never_more_inside_than_there_is_room(places: list[Place], limits: Limits):
    inside = [p for p in let_in(places, limits)[0] if p.admitted_at is not None]

    assert len(inside) <= limits.previews
    assert sum(p.cores for p in inside) <= limits.cores
    for author in ("ines", "olu"):
        assert sum(p.author == author for p in inside) <= limits.of_an_author


@given(PLACES, LIMITS)
def test_of_one_author_who_asked_first_comes_in_first(places: list[Place], limits: Limits):
    after, order = let_in(places, limits)

    for author in ("ines", "olu"):
        own = sorted((p for p in after if p.author == author), key=lambda p: (p.asked_at, p.name))
        assert [p.name for p in own if p.admitted_at] == [n for n in order if n in names(own)]
        inside = [p.admitted_at is not None for p in own]
        assert inside == sorted(inside, reverse=True)


@given(PLACES, LIMITS)
def test_whoever_waits_is_told_why(places: list[Place], limits: Limits):
    after, _ = let_in(places, limits)

    for place in after:
        if place.admitted_at is None:
            assert why_not(place, after, limits).startswith("waits for room: ")


@given(PLACES, LIMITS)
def test_one_who_leaves_makes_room_for_the_next(places: list[Place], limits: Limits):
    after, order = let_in(places, limits)
    waiting = [p for p in after if p.admitted_at is None]
    if not order or not waiting:
        return

    everyone_else = [p for p in after if p.admitted_at is None]

    assert next_in(everyone_else, limits) is not None or all(
        place.cores > limits.cores for place in waiting
    )


@given(MOMENTS, LIMITS)
def test_turns_never_exceed_what_azure_takes(moments: list[datetime], limits: Limits):
    begun: list[datetime] = []
    for now in sorted(moments):
        if until_next(begun, limits, now=now) == timedelta(0):
            begun.append(now)
        recent = [at for at in begun if now - at < FIVE_MINUTES]
        of_the_hour = [at for at in begun if now - at < HOUR]
        assert len(recent) <= limits.creates
        assert len(of_the_hour) <= limits.creates_an_hour


@given(MOMENTS, LIMITS, st.integers(0, 200))
def test_who_waits_as_long_as_told_has_his_turn(
    moments: list[datetime], limits: Limits, minute: int
):
    now = START + timedelta(minutes=minute)
    begun = [at for at in moments if at <= now]

    wait = until_next(begun, limits, now=now)

    assert until_next(begun, limits, now=now + wait) == timedelta(0)


def names(places: list[Place]) -> set[str]:
    """Return their names."""
    return {place.name for place in places}
