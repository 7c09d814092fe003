"""The doors of the API: who is let through each, on real tokens; storage itself is out of reach.

A door that lets somebody in comes as far as storage, which does not answer: 503. One that does not
answers 401 or 403 before anything is touched.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from blueprints import api, backups, doors, estate, releasing
from provisioning import app, ledger
from provisioning.store.codec import to_row
from provisioning.store.memory import MemoryTable
from tests.builders import START, an_environment
from tests.property.services import HandClock

from .builders import an_environ
from .server import Server
from .tokens import ACTIONS, AUDIENCE, ENTRA, TENANT, a_person, a_run, bearer, publish

STORAGE = ";".join(
    (
        "DefaultEndpointsProtocol=http",
        "AccountName=tesoro",
        "AccountKey=a2V5",
        *(f"{s}Endpoint=http://127.0.0.1:9/tesoro" for s in ("Blob", "Queue", "Table")),
    )
)
EVERYBODY = {"reader", "operator", "approver", "admin", "workflow"}
OPERATORS = {"operator", "admin"}
# Which roles each door opens for, written by hand from `contract.md` and `security.md`.
DOORS: dict[str, set[str]] = {
    "list_environments": EVERYBODY,
    "get_environment": EVERYBODY,
    "get_schedule": EVERYBODY,
    "get_savings": EVERYBODY,
    "put_environment": OPERATORS | {"workflow"},
    "delete_environment": OPERATORS | {"workflow"},
    "put_image": OPERATORS | {"workflow"},
    "get_why": EVERYBODY,
    "post_lease": OPERATORS,
    "delete_lease": OPERATORS,
    "get_operation": EVERYBODY,
    "cancel_operation": OPERATORS,
    "get_audit": EVERYBODY - {"workflow"},
    "verify_audit": EVERYBODY - {"workflow"},
    "list_deliveries": EVERYBODY,
    "replay_delivery": OPERATORS,
    "list_poison": EVERYBODY,
    "list_backups": EVERYBODY,
    "list_releases": EVERYBODY,
    "post_release": OPERATORS | {"workflow"},
    "get_release": EVERYBODY,
    "roll_back_release": OPERATORS | {"approver"},
    "promote_release": OPERATORS,
    "resume_release": OPERATORS,
    "list_alerts": EVERYBODY,
}
PUBLIC = {"get_health", "receive_webhook", "receive_alert"}
BODIES = {
    "post_lease": b'{"for": "PT1H", "reason": "a demo"}',
    "post_release": b'{"environment": "production", "service": "rewards-api", "version": "v2"}',
}


@pytest.fixture
def environ(
    monkeypatch: pytest.MonkeyPatch, server: Server, key: rsa.RSAPrivateKey, pem: str
) -> Iterator[pytest.MonkeyPatch]:
    """Set the app up with issuers that answer, and with storage and GitHub that do not."""
    publish(server, key)
    given = an_environ(
        Storage=STORAGE,
        AZURE_TENANT_ID=TENANT,
        GITHUB_API_URL="http://127.0.0.1:9",
        GITHUB_APP_PRIVATE_KEY=pem,
        ENTRA_ISSUER=ENTRA,
        ENTRA_JWKS_URL=f"{server.url}/entra/keys",
        ENTRA_AUDIENCE=AUDIENCE,
        ACTIONS_ISSUER=ACTIONS,
        ACTIONS_JWKS_URL=f"{server.url}/actions/keys",
        ACTIONS_AUDIENCE=AUDIENCE,
    )
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(app, "_services", None)
    yield monkeypatch
    if app._services is not None:
        app._services.forge.close()


def ask(
    door: str,
    authorization: str = "",
    body: bytes = b"",
    *,
    environment: str | None = None,
    **headers: str,
) -> Any:
    """Return a door's answer to a request with that `Authorization`."""
    request = func.HttpRequest(
        method="POST",
        url="https://control.example/api/x",
        headers={"authorization": authorization, **headers},
        params={} if environment is None else {"environment": environment},
        route_params={"name": "pr-7-rewards-api", "id": "production.rewards-api.1"},
        body=body,
    )
    places = (doors, backups, estate, releasing)
    (found,) = (vars(m)[door] for m in places if door in vars(m))
    return found(request)


def error(answer: Any) -> dict[str, Any]:
    """Return the error in an answer."""
    found = json.loads(answer.get_body())["error"]
    assert isinstance(found, dict)
    return found


def a_token(role: str, key: rsa.RSAPrivateKey) -> str:
    """Return the header of somebody who has that role alone."""
    return bearer(a_run() if role == "workflow" else a_person(roles=[role]), key)


def cells(*, is_open: bool) -> list[Any]:
    """Return (door, role) for every door that is open, or shut, to a role."""
    return [
        pytest.param(door, role, id=f"{door} as {role}")
        for door, roles in DOORS.items()
        for role in sorted(roles if is_open else EVERYBODY - roles)
    ]


def test_every_route_has_its_door_in_the_list():
    routes = {name for name in vars(api) if name.split("_")[0] in _VERBS and "_" in name}

    assert routes == set(DOORS) | (PUBLIC - {"receive_webhook", "receive_alert"})


_VERBS = {"get", "put", "post", "delete", "list", "cancel", "verify", "replay"}
_VERBS |= {"roll", "promote", "resume"}


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("door", DOORS)
def test_without_a_token_no_door_opens(door: str):
    answer = ask(door)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert error(answer)["code"] == "token_invalid"


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("door", DOORS)
def test_a_token_of_another_key_opens_no_door(door: str, other_key: rsa.RSAPrivateKey):
    assert ask(door, bearer(a_person(roles=["admin"]), other_key)).status_code == 401


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(("door", "role"), cells(is_open=False))
def test_a_door_stays_shut_to_a_role_that_may_not(door: str, role: str, key: rsa.RSAPrivateKey):
    answer = ask(door, a_token(role, key))

    assert answer.status_code == 403
    assert error(answer)["code"] == "role_missing"


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(("door", "role"), cells(is_open=True))
def test_a_door_opens_to_a_role_that_may(door: str, role: str, key: rsa.RSAPrivateKey):
    answer = ask(door, a_token(role, key), BODIES.get(door, b""))

    assert answer.status_code == 503
    assert error(answer)["code"] in ("storage_unavailable", "github_unavailable")
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("door", ["put_environment", "delete_environment"])
@pytest.mark.parametrize("is_known", [False, True], ids=["unheard of", "there"])
def test_a_workflow_does_not_touch_another_repositorys_preview(
    door: str, is_known: bool, environ: pytest.MonkeyPatch, key: rsa.RSAPrivateKey
):
    table = MemoryTable()
    environ.setattr(app, "_services", replace(app.services(), table=table))
    if is_known:
        table.insert(to_row(an_environment(), "pr-7-rewards-api", ledger.ROW))

    answer = ask(door, bearer(a_run(repository_id="99"), key))

    assert answer.status_code == 403
    assert error(answer)["code"] == "repository_unknown"


def test_with_faulty_settings_every_door_says_so_and_nothing_more(
    environ: pytest.MonkeyPatch,
):
    environ.delenv("PREVIEW_KEY")
    environ.setenv("PUBLIC_URL", "nowhere")

    answers = {door: ask(door) for door in (*DOORS, *PUBLIC)}

    assert {a.status_code for a in answers.values()} == {503}
    assert {error(a)["code"] for a in answers.values()} == {"settings_invalid"}
    assert all(len(error(a)["details"]) == 2 for a in answers.values())


@pytest.mark.usefixtures("environ")
def test_health_is_public_and_says_no_more_than_down():
    answer = ask("get_health")

    assert answer.status_code == 503
    assert json.loads(answer.get_body()) == {"status": "down"}


@pytest.mark.usefixtures("environ")
def test_a_webhook_without_a_signature_stays_outside():
    answer = ask("receive_webhook", body=b"{}")

    assert answer.status_code == 401
    assert error(answer)["code"] == "signature_invalid"


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"{", 400, "body_malformed", id="broken"),
        pytest.param(b"[]", 400, "body_malformed", id="a list"),
        pytest.param(b"\xff", 400, "body_malformed", id="not UTF-8"),
        pytest.param(b"[" * 50_000, 400, "body_malformed", id="open brackets"),
        pytest.param(
            b'{"for": "PT1H", "reason": "\\ud800"}', 400, "body_malformed", id="half a letter"
        ),
        pytest.param(b" " * 65_537, 413, "body_too_large", id="too large"),
        pytest.param(b"{}", 400, "lease_end_missing", id="empty"),
        pytest.param(b'{"for": 3, "reason": "x"}', 400, "lease_end_malformed", id="a number"),
        pytest.param(
            b'{"until": "2026-12-01", "reason": "x"}', 400, "lease_end_malformed", id="no zone"
        ),
        pytest.param(b'{"for": "P15D", "reason": "x"}', 400, "lease_end_refused", id="too long"),
        pytest.param(b'{"for": "PT0S", "reason": "x"}', 400, "lease_end_refused", id="over now"),
        pytest.param(b'{"for": "PT1H", "reason": " "}', 400, "reason_missing", id="no reason"),
        pytest.param(
            b'{"for": "PT1H", "reason": "x", "force": true}', 400, "field_unknown", id="unknown"
        ),
    ],
)
def test_a_body_that_does_not_fit_is_refused(
    body: bytes, status: int, code: str, key: rsa.RSAPrivateKey
):
    answer = ask("post_lease", a_token("operator", key), body)

    assert answer.status_code == status
    assert error(answer)["code"] == code


@pytest.mark.usefixtures("environ")
def test_every_fault_of_a_body_is_named_at_once(key: rsa.RSAPrivateKey):
    answer = ask("post_lease", a_token("operator", key), b'{"force": true}')

    assert {d["code"] for d in error(answer)["details"]} == {
        "lease_end_missing",
        "reason_missing",
        "field_unknown",
    }


@pytest.mark.usefixtures("environ")
def test_every_fault_of_a_release_is_named_at_once(key: rsa.RSAPrivateKey):
    body = (
        b'{"environment": "prod", "service": "x", "version": "a b", "strategy": "blue", "now": 1}'
    )

    answer = ask("post_release", a_token("operator", key), body)

    assert answer.status_code == 400
    assert {d["target"] for d in error(answer)["details"]} == {
        "environment",
        "service",
        "version",
        "strategy",
        "now",
    }


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"{", 400, "body_malformed", id="broken"),
        pytest.param(b"", 400, "body_malformed", id="nothing"),
        pytest.param(b"\xff", 400, "body_malformed", id="not UTF-8"),
        pytest.param(b"[" * 100_000, 400, "body_malformed", id="open brackets"),
        pytest.param(b'"\\ud800"', 400, "body_malformed", id="half a letter"),
        pytest.param(b" " * 262_145, 413, "body_too_large", id="too large"),
        pytest.param(b'{"text": "help"}', 503, "storage_unavailable", id="storage is down"),
    ],
)
def test_an_alert_is_refused_or_can_be_sent_again_and_is_never_a_500(
    body: bytes, status: int, code: str
):
    answer = ask("receive_alert", body=body)

    assert answer.status_code == status
    assert error(answer)["code"] == code


def test_an_alert_is_stored_before_it_is_answered(environ: pytest.MonkeyPatch):
    kept = MemoryTable()
    stopped = replace(app.services(), alerts=kept, clock=HandClock(START))
    environ.setattr(app, "_services", stopped)

    answer = ask("receive_alert", body=b'{"text": "help"}')

    assert answer.status_code == 202
    said = json.loads(answer.get_body())
    (stored,) = kept.query(f"{START:%Y-%m-%d}")
    assert said == {"alert": stored.values["id"], "ignored": stored.values["reason"]}


@pytest.mark.usefixtures("environ")
def test_event_grid_is_answered_its_questions():
    event = {
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "512d38b6"},
    }
    body = json.dumps([event]).encode()

    answer = ask("receive_alert", body=body, **{"aeg-event-type": "SubscriptionValidation"})

    assert answer.status_code == 200
    assert json.loads(answer.get_body()) == {"validationResponse": "512d38b6"}


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("origin", "status"), [("eventgrid.azure.net", 200), ("example.com", 400)]
)
def test_cloud_events_are_let_in_from_event_grid_alone(origin: str, status: int):
    request = func.HttpRequest(
        method="OPTIONS",
        url="https://control.example/api/alerts",
        headers={"webhook-request-origin": origin},
        params={},
        route_params={},
        body=b"",
    )

    answer = releasing.receive_alert(request)

    assert answer.status_code == status
    assert answer.headers.get("WebHook-Allowed-Origin") == (origin if status == 200 else None)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("Production!", 400, "field_invalid"),
        ("pr-7-rewards-api", 404, "environment_unknown"),
    ],
)
@pytest.mark.usefixtures("environ")
def test_backups_are_asked_for_by_the_name_of_a_catalogued_environment(
    name: str, status: int, code: str, key: rsa.RSAPrivateKey
):
    answer = ask("list_backups", a_token("reader", key), environment=name)

    assert answer.status_code == status
    assert error(answer)["code"] == code


@pytest.mark.parametrize(
    ("name", "names"),
    [
        (None, ["development", "staging", "production"]),
        ("production", ["production"]),
    ],
)
def test_backups_are_shown_for_every_environment_or_for_one(
    name: str | None, names: list[str], environ: pytest.MonkeyPatch, key: rsa.RSAPrivateKey
):
    environ.setattr(app, "_services", replace(app.services(), table=MemoryTable()))

    answer = ask("list_backups", a_token("reader", key), environment=name)

    found = json.loads(answer.get_body())
    assert (answer.status_code, found["nextLink"]) == (200, None)
    assert [one["environment"] for one in found["value"]] == names
