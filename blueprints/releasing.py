"""What the calls about releases and alerts do: who may, what is asked, how the answer looks."""

import json
import re
from collections.abc import Callable
from typing import Any

import azure.functions as func

from blueprints.answers import answer, content, guard, render
from provisioning import views
from provisioning.alerts.handshake import allowed, handshake
from provisioning.errors import Refusal
from provisioning.identity import Action, Principal
from provisioning.intake import alerts, releasing
from provisioning.intake.releasing import Begun
from provisioning.services import Services

MOST_ALERT_BYTES = 262_144  # as much as Azure Monitor sends
_RELEASE = re.compile(r"[a-z0-9-]{1,40}\.[a-z0-9-]{1,40}\.[1-9][0-9]{0,7}")
_NAME = re.compile(r"[a-z0-9-]{1,63}")
_PAGE = 200


def list_releases(req: func.HttpRequest) -> func.HttpResponse:
    """List the releases, the newest first, each with its newest decision."""

    def work(services: Services, _: Principal) -> func.HttpResponse:
        environment = req.params.get("environment")
        if environment is not None and not _NAME.fullmatch(environment):
            raise Refusal.one(
                400, "field_invalid", "environment must be a name of the catalog", "environment"
            )
        found = releasing.recent(services, environment)[:_PAGE]
        return render(200, views.listing(views.release(r) for r in found))

    return answer(req, Action.READ, work)


def get_release(req: func.HttpRequest) -> func.HttpResponse:
    """Show one release with every decision about it."""

    def work(services: Services, _: Principal) -> func.HttpResponse:
        found = releasing.find(services, _identity(req))
        if found is None:
            raise Refusal.one(404, "release_unknown", "there is no such release", "id")
        return render(200, views.one_release(services, found))

    return answer(req, Action.READ, work)


def post_release(req: func.HttpRequest) -> func.HttpResponse:
    """Begin a release, or find it under way; answer 202 with where to look."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        return _begun(services, releasing.begin(services, who, content(req)))

    return answer(req, Action.RELEASE, work)


def roll_back_release(req: func.HttpRequest) -> func.HttpResponse:
    """Take a release back; the same while that is under way."""
    return _change(req, Action.ROLL_BACK, releasing.roll_back)


def promote_release(req: func.HttpRequest) -> func.HttpResponse:
    """Skip the remaining steps of a release that progresses."""
    return _change(req, Action.HURRY_RELEASE, releasing.promote)


def resume_release(req: func.HttpRequest) -> func.HttpResponse:
    """Let a release go on that an unverified alert holds."""
    return _change(req, Action.HURRY_RELEASE, releasing.resume)


def receive_alert(req: func.HttpRequest) -> func.HttpResponse:
    """Store an alert and answer 202; answer Event Grid's questions about the address."""

    def work(services: Services) -> func.HttpResponse:
        headers = {name.lower(): value for name, value in req.headers.items()}
        if req.method.upper() == "OPTIONS":
            return _welcome(headers)
        body = req.get_body()
        if len(body) > MOST_ALERT_BYTES:
            message = f"an alert has at most {MOST_ALERT_BYTES} bytes"
            raise Refusal.one(413, "body_too_large", message)
        payload = _json(body)
        code = handshake(headers, payload)
        if code is not None:
            return render(200, {"validationResponse": code})
        received = alerts.receive(services, body, payload)
        said = {"alert": received.id}
        ignored = received.ignored
        return render(202, said if ignored is None else {**said, "ignored": ignored})

    return guard(work)


def list_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """List the alerts that came in or were raised here, the newest first."""
    return answer(
        req, Action.READ, lambda s, _: render(200, views.listing(views.alerts(s, most=_PAGE)))
    )


def _change(
    req: func.HttpRequest,
    action: Action,
    change: Callable[[Services, str, Principal], Begun],
) -> func.HttpResponse:
    def work(services: Services, who: Principal) -> func.HttpResponse:
        if content(req):
            raise Refusal.one(400, "field_unknown", "the body must be empty")
        return _begun(services, change(services, _identity(req), who))

    return answer(req, action, work)


def _begun(services: Services, begun: Begun) -> func.HttpResponse:
    shown = views.one_release(services, begun.release)
    if begun.operation is None:
        return render(200, shown)
    where = f"{services.settings.public_url}/api/operations/{begun.operation}"
    return render(202, shown, {"Operation-Location": where, "Retry-After": "10"})


def _welcome(headers: dict[str, str]) -> func.HttpResponse:
    found = allowed(headers)
    if found is None:
        raise Refusal.one(400, "origin_refused", "only Event Grid may ask that", "origin")
    return func.HttpResponse(status_code=200, headers=found)


def _identity(req: func.HttpRequest) -> str:
    identity = req.route_params.get("id") or ""
    if not _RELEASE.fullmatch(identity):
        raise Refusal.one(400, "field_invalid", "id must be a release's id", "id")
    return identity


def _json(body: bytes) -> Any:
    try:
        found = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate parses
    except (ValueError, RecursionError) as error:
        raise Refusal.one(400, "body_malformed", "the body is not JSON in UTF-8") from error
    return found
