"""How every HTTP door answers: one shape for values, one for errors, and no surprise gets out."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import azure.functions as func

from provisioning import app
from provisioning.errors import Fault, Refusal, SettingsError, StaleRowError, TransientError
from provisioning.identity import Action, Principal, permit, permit_home
from provisioning.services import Services

log = logging.getLogger(__name__)

MOST_BYTES = 65_536
_RETRY = "5"


def render(
    status: int, content: Any, headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """Return `content` as JSON."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return func.HttpResponse(
        text, status_code=status, mimetype="application/json", headers=dict(headers or {})
    )


def refuse(status: int, faults: tuple[Fault, ...], *, headers: Any = None) -> func.HttpResponse:
    """Return an error: the first fault, and all of them as details."""
    first = faults[0]
    details = [{"code": f.code, "message": f.message, "target": f.target} for f in faults]
    error = {
        "code": first.code,
        "message": first.message,
        "target": first.target,
        "details": details if len(details) > 1 else [],
    }
    return render(status, {"error": error}, headers)


def guard(work: Callable[[Services], func.HttpResponse]) -> func.HttpResponse:
    """Return what `work` answers; whatever goes wrong becomes an answer too."""
    try:
        return work(app.services())
    except Refusal as refusal:
        headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
        return refuse(refusal.status, refusal.faults, headers=headers)
    except SettingsError as error:
        faults = tuple(Fault("settings_invalid", text) for text in error.faults)
        return refuse(503, faults, headers={"Retry-After": "60"})
    except (TransientError, StaleRowError) as error:
        code = getattr(error, "code", "contended")
        return refuse(503, (Fault(code, str(error)),), headers={"Retry-After": _RETRY})
    except Exception:
        log.exception("a door met something nobody foresaw")
        return refuse(503, (Fault("unexpected", "something unforeseen; see the log"),))


def answer(
    req: func.HttpRequest,
    action: Action,
    work: Callable[[Services, Principal], func.HttpResponse],
) -> func.HttpResponse:
    """Return what `work` answers to somebody who proved who he is and may do `action`."""

    def permitted(services: Services) -> func.HttpResponse:
        principal = services.tokens.principal(req.headers.get("authorization") or "")
        permit_home(principal, services.catalog)
        permit(principal, action)
        return work(services, principal)

    return guard(permitted)


def content(req: func.HttpRequest) -> Mapping[str, Any]:
    """Return the JSON object in the body (an empty body is an empty one); raises Refusal."""
    body = req.get_body()
    if len(body) > MOST_BYTES:
        raise Refusal.one(413, "body_too_large", f"a body has at most {MOST_BYTES} bytes")
    try:
        found = json.loads(body) if body.strip() else {}
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate parses
    except (ValueError, RecursionError) as error:
        raise Refusal.one(400, "body_malformed", "the body is not JSON in UTF-8") from error
    if not isinstance(found, dict):
        raise Refusal.one(400, "body_malformed", "the body is not a JSON object")
    return found
