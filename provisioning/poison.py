"""What becomes of a message that failed five times: kept, judged by its row, and shown."""

import hashlib
import json
import logging

from provisioning import ledger, runner
from provisioning.errors import StaleRowError
from provisioning.intake import alerts, deliveries
from provisioning.queue import DELIVERIES
from provisioning.services import Services
from provisioning.store.table import Row

log = logging.getLogger(__name__)


def keep(services: Services, queue: str, text: str) -> None:
    """Mark what the message names as failed, and keep the message where people can see it."""
    outcome = _outcome(services, queue, text)
    now = services.clock.now()
    digest = hashlib.sha256(f"{queue}\n{text}\n{now.isoformat()}".encode()).hexdigest()[:16]
    row = Row(
        ledger.POISON,
        f"{now:%Y%m%dT%H%M%S}-{digest}",
        {"at": now, "queue": queue, "text": text, "outcome": outcome},
    )
    try:
        services.table.insert(row)
    except StaleRowError:
        return
    log.error("a message of %s failed five times: %s", queue, outcome)


def _outcome(services: Services, queue: str, text: str) -> str:
    if queue == DELIVERIES:
        return _delivery(services, text)
    return _alert(services, text) if alerts.is_nudge(text) else _operation(services, text)


def _alert(services: Services, text: str) -> str:
    if alerts.give_up(services, text):
        return "the alert is marked failed; look at what it names, and take a release back by hand"
    return "it names no alert; Azure's list of alerts has what was sent"


def _delivery(services: Services, text: str) -> str:
    if deliveries.give_up(services, text):
        return "the delivery is marked failed; POST /api/deliveries/{id}/replay runs it again"
    return "it names no delivery; GitHub can send it again from the webhook's page"


def _operation(services: Services, text: str) -> str:
    try:
        content = json.loads(text)
        target, identity = str(content["target"]), str(content["operation"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it names no operation; nothing was lost, the rows hold the work"
    outcome = runner.give_up(services, target, identity)
    if target.startswith("release~"):
        return f"{outcome}; tick takes a release back that failed with its canary in the traffic"
    name = ledger.environment_of(target)
    return f"{outcome}; PUT /api/environments/{name} asks for what is missing again"
