"""Of many nudges in a second, few."""

from hypothesis import given
from hypothesis import strategies as st

from provisioning.coalescing import OWN, WINDOW, Coalescer, Nudge, never


class Uptime:
    """Seconds that a test counts."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return them."""
        return self.seconds


def test_the_first_few_have_one_each_the_next_one_is_for_all_that_follow():
    coalescer = Coalescer(Uptime(), own=2)

    found = [coalescer.next() for _ in range(5)]

    assert found == [Nudge.OWN, Nudge.OWN, Nudge.SHARED, Nudge.NONE, Nudge.NONE]


def test_a_new_second_begins_anew():
    uptime = Uptime()
    coalescer = Coalescer(uptime, own=1)
    first = [coalescer.next() for _ in range(3)]
    uptime.seconds += WINDOW

    assert first == [Nudge.OWN, Nudge.SHARED, Nudge.NONE]
    assert coalescer.next() is Nudge.OWN


def test_never_means_never():
    coalescer = never()

    assert {coalescer.next() for _ in range(100)} == {Nudge.OWN}


@given(st.lists(st.floats(min_value=0, max_value=0.7), min_size=1, max_size=200))
def test_whoever_leaves_no_message_is_covered_by_a_later_one(pauses: list[float]):
    uptime = Uptime()
    coalescer = Coalescer(uptime)
    seen_from = float("-inf")  # when the last shared message is seen
    left = 0
    for pause in pauses:
        uptime.seconds += pause
        nudge = coalescer.next()
        left += nudge is not Nudge.NONE
        if nudge is Nudge.SHARED:
            seen_from = uptime.seconds + WINDOW
        if nudge is Nudge.NONE:
            assert uptime.seconds < seen_from

    seconds = int(sum(pauses) / WINDOW) + 1
    assert left <= seconds * (OWN + 1)
