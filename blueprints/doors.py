"""What each call of the API does: who may, what is asked, how the answer looks.

Apart from `api.py`, which registers the calls, because importing this takes as long as the host
itself: it is paid by the first call, not by every cold start.
"""

import re
from datetime import UTC, datetime

import azure.functions as func

from blueprints.answers import answer, content, guard, render
from provisioning import health, runner, views
from provisioning.errors import Refusal
from provisioning.github.receive import read
from provisioning.identity import Action, Principal
from provisioning.intake import deliveries, images, people
from provisioning.operations import Status
from provisioning.services import Services

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_IDENTITY = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_AFTER = re.compile(r"[A-Za-z0-9:.|~+_-]{1,200}")
_PAGE = 200


def receive_webhook(req: func.HttpRequest) -> func.HttpResponse:
    """Store a signed delivery and answer 202; say why where nothing follows."""

    def work(services: Services) -> func.HttpResponse:
        headers = {name.lower(): value for name, value in req.headers.items()}
        delivery = read(headers, req.get_body(), services.settings.webhook_secrets)
        ignored = deliveries.receive(services, delivery)
        said = {"delivery": delivery.id}
        return render(202, said if ignored is None else {**said, "ignored": ignored})

    return guard(work)


def get_health(req: func.HttpRequest) -> func.HttpResponse:
    """Say up or down, to anybody."""

    def work(services: Services) -> func.HttpResponse:
        up = health.is_up(services)
        return render(200 if up else 503, {"status": "up" if up else "down"})

    return guard(work)


def list_environments(req: func.HttpRequest) -> func.HttpResponse:
    """List every environment."""
    return answer(req, Action.READ, lambda s, _: render(200, views.listing(views.environments(s))))


def get_environment(req: func.HttpRequest) -> func.HttpResponse:
    """Show one environment."""
    return answer(
        req, Action.READ, lambda s, _: _found(views.one_environment(s, _name(req)), "environment")
    )


def put_environment(req: func.HttpRequest) -> func.HttpResponse:
    """Bring a preview up, as the catalog and its pull request say."""
    return answer(req, Action.CHANGE_PREVIEW, lambda s, who: _wish(req, s, who, is_up=True))


def delete_environment(req: func.HttpRequest) -> func.HttpResponse:
    """Take a preview down, until the next push or until it is wanted again."""
    return answer(req, Action.CHANGE_PREVIEW, lambda s, who: _wish(req, s, who, is_up=False))


def put_image(req: func.HttpRequest) -> func.HttpResponse:
    """Name the image that a build pushed for a commit."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        named = images.name_image(services, _name(req), who, content(req))
        shown = views.environment(named.converged.environment)
        if named.ignored is not None:
            return render(200, {**shown, "ignored": named.ignored})
        return _under_way(services, shown, named.converged.operation)

    return answer(req, Action.CHANGE_PREVIEW, work)


def get_why(req: func.HttpRequest) -> func.HttpResponse:
    """Show the decision in force at a time, its inputs, and what would change it."""
    return answer(
        req, Action.READ, lambda s, _: _found(views.why(s, _name(req), _at(req, s)), "decision")
    )


def post_lease(req: func.HttpRequest) -> func.HttpResponse:
    """Keep an environment until a time, for a reason."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        found = people.lease(services, _name(req), who, content(req))
        return render(200, views.environment(found.environment))

    return answer(req, Action.LEASE, work)


def delete_lease(req: func.HttpRequest) -> func.HttpResponse:
    """End an environment's lease."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        found = people.end_lease(services, _name(req), who)
        return render(200, views.environment(found.environment))

    return answer(req, Action.LEASE, work)


def get_operation(req: func.HttpRequest) -> func.HttpResponse:
    """Show one operation, step by step."""

    def work(services: Services, _: Principal) -> func.HttpResponse:
        found = views.find_operation(services, _identity(req))
        return _found(None if found is None else views.operation(found), "operation")

    return answer(req, Action.READ, work)


def cancel_operation(req: func.HttpRequest) -> func.HttpResponse:
    """Stop an operation where it stands; one that is over stays as it is."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        found = views.find_operation(services, _identity(req))
        if found is None:
            return _found(None, "operation")
        message = f"cancelled by {who.name}"
        over = runner.stop(
            services,
            found.target,
            found.id,
            Status.CANCELLED,
            code="cancelled",
            message=message,
            by=who.name,
        )
        return render(200, views.operation(over or found))

    return answer(req, Action.CANCEL, work)


def get_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Page through the trail, of one environment or of all."""

    def work(services: Services, _: Principal) -> func.HttpResponse:
        name, after = req.params.get("environment"), req.params.get("after")
        if name is not None and not re.fullmatch(r"(report~)?[a-z0-9-]{1,63}", name):
            raise _bad("environment", "the name of an environment")
        if after is not None and not _AFTER.fullmatch(after):
            raise _bad("after", "what the last page's nextLink says")
        items, more = views.trail(services, name, after, most=_PAGE)
        base = f"{services.settings.public_url}/api/audit?"
        own = f"environment={name}&" if name is not None else ""
        link = None if more is None else f"{base}{own}after={more.replace('|', '%7C')}"
        return render(200, views.listing(items, link))

    return answer(req, Action.READ_AUDIT, work)


def verify_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Check every chain of the trail."""
    return answer(req, Action.READ_AUDIT, lambda s, _: render(200, views.verify(s)))


def list_deliveries(req: func.HttpRequest) -> func.HttpResponse:
    """List what came in lately, and what it led to."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        people.note_reading(services, who, "deliveries")
        found = deliveries.recent(services, most=_PAGE)
        return render(200, views.listing(views.delivery(d) for d in found))

    return answer(req, Action.READ, work)


def replay_delivery(req: func.HttpRequest) -> func.HttpResponse:
    """Do the work of a delivery once more."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        identity = _identity(req)
        known = deliveries.replay(services, identity, who.name)
        return _found({"delivery": identity} if known else None, "delivery", status=202)

    return answer(req, Action.REPLAY, work)


def list_poison(req: func.HttpRequest) -> func.HttpResponse:
    """List the messages that no function could handle."""

    def work(services: Services, who: Principal) -> func.HttpResponse:
        people.note_reading(services, who, "poisoned messages")
        return render(200, views.listing(views.poison(services)))

    return answer(req, Action.READ, work)


def _wish(
    req: func.HttpRequest, services: Services, who: Principal, *, is_up: bool
) -> func.HttpResponse:
    unknown = content(req).keys()
    if unknown:
        raise _bad(sorted(unknown)[0], "nothing: `{}` means as the catalog says")
    wish = people.Wish(name=_name(req), by=who, is_up=is_up)
    if (req.params.get("dryRun") or "").lower() == "true":
        found = people.plan(services, wish)
        return render(200, views.dry_run(found), {"ETag": f'"{found.hash}"'})
    granted = people.grant(services, wish, if_match=req.headers.get("if-match"))
    return _under_way(services, views.environment(granted.environment), granted.operation)


def _under_way(services: Services, shown: object, operation: str | None) -> func.HttpResponse:
    """Show the environment, and where to follow what was begun for it."""
    if operation is None:
        return render(200, shown)
    where = f"{services.settings.public_url}/api/operations/{operation}"
    return render(202, shown, {"Operation-Location": where, "Retry-After": "10"})


def _found(value: object, what: str, *, status: int = 200) -> func.HttpResponse:
    if value is None:
        raise Refusal.one(404, f"{what}_unknown", f"there is no such {what}", what)
    return render(status, value)


def _name(req: func.HttpRequest) -> str:
    name = req.route_params.get("name") or ""
    if not _NAME.fullmatch(name):
        raise _bad("name", "a-z, 0-9 and `-`, at most 63")
    return name


def _identity(req: func.HttpRequest) -> str:
    identity = req.route_params.get("id") or ""
    if not _IDENTITY.fullmatch(identity):
        raise _bad("id", "an id as the API gave it")
    return identity


def _at(req: func.HttpRequest, services: Services) -> datetime:
    text = req.params.get("at")
    if text is None:
        return services.clock.now()
    try:
        when = datetime.fromisoformat(text.replace(" ", "+"))  # a `+` that came unescaped
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad("at", "an instant such as 2026-01-31T18:00:00Z") from error


def _bad(field: str, form: str) -> Refusal:
    return Refusal.one(400, "field_invalid", f"{field[:80]} must be {form}", field[:80])
