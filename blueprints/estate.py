"""What the API says of what others built: when it sleeps, and what that saves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func

from blueprints.answers import answer, render
from provisioning import views
from provisioning.errors import Refusal
from provisioning.identity import Action, Principal
from provisioning.services import Services

_MOST_DAYS = 366


def get_schedule(req: func.HttpRequest) -> func.HttpResponse:
    """Show every planned stop and start of the coming days."""

    def work(services: Services, _: Principal) -> func.HttpResponse:
        text = req.params.get("days") or "30"
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= _MOST_DAYS:
            raise Refusal.one(
                400, "field_invalid", f"days must be a number from 1 to {_MOST_DAYS}", "days"
            )
        now = services.clock.now()
        found = views.schedule(services, start=now, end=now + timedelta(days=int(text)))
        return render(200, views.listing(found))

    return answer(req, Action.READ, work)


def get_savings(req: func.HttpRequest) -> func.HttpResponse:
    """Show what sleep has saved since the month began, and what goes on costing."""

    def work(services: Services, _: Principal) -> func.HttpResponse:
        now = services.clock.now().astimezone(UTC)
        since = datetime(now.year, now.month, 1, tzinfo=UTC)
        found: dict[str, Any] = views.savings(services, since=since, now=now)
        return render(200, found)

    return answer(req, Action.READ, work)
