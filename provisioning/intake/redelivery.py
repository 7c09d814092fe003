"""Deliveries that GitHub sent and that never arrived: found in its own list, and asked for again.

GitHub never tries twice by itself. It keeps what it sent for three days, with the answer it got;
what got none, or a bad one, is sent again on request under the same id, and then goes the way of
every delivery. One that fails again and again is left alone after a few attempts: the cause is
then not the network, and GitHub's page of the hook shows it.
https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from collections import defaultdict
from datetime import timedelta

from provisioning.forge import HookDelivery
from provisioning.github.interpret import HEARD
from provisioning.intake import deliveries
from provisioning.services import Services

MOST_ATTEMPTS = 4  # of GitHub, its own first one counted
_MOST_AT_ONCE = 50
_UNDER_WAY = timedelta(seconds=30)  # GitHub waits ten for an answer


def ask_again(services: Services) -> str:
    """Have GitHub send again what did not arrive in three days, and say how much that was.

    Raises TransientError where GitHub does not answer; what was asked for until then will come.
    """
    asked = 0
    for attempt in _failed(services):
        if asked == _MOST_AT_ONCE:
            return f"{asked} lost deliveries asked for again, and more to come"
        if not deliveries.is_known(services, attempt.guid):
            services.forge.deliver_again(attempt.id)
            asked += 1
    return f"{asked} lost deliveries asked for again"


def _failed(services: Services) -> list[HookDelivery]:
    """Return the newest attempt at each delivery that failed so far, the oldest first."""
    now = services.clock.now()
    attempts: dict[str, list[HookDelivery]] = defaultdict(list)
    for attempt in services.forge.hook_deliveries():
        if now - attempt.delivered_at >= deliveries.KEPT:
            break
        if attempt.event in HEARD:
            attempts[attempt.guid].append(attempt)
    failed = [
        tries[0]
        for tries in attempts.values()
        if not any(attempt.arrived for attempt in tries)
        and len(tries) < MOST_ATTEMPTS
        and not timedelta(0) <= now - tries[0].delivered_at < _UNDER_WAY
    ]
    return failed[::-1]
