"""Who is it, and may they? Real keys, a server that publishes them, and the table of roles."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provisioning.errors import Refusal, TransientError
from provisioning.identity import Action, Principal, Role, Tokens, permit, permit_repository
from provisioning.settings import Issuer

from .server import Answer, Server
from .tokens import ACTIONS, AUDIENCE, ENTRA, TENANT, a_person, a_run, bearer, publish

# Written by hand from `security.md`, and not from the code that it judges.
TABLE = """
                reader  operator  approver  admin  workflow
read            yes     yes       yes       yes    yes
change-preview  no      yes       no        yes    yes
lease           no      yes       no        yes    no
cancel          no      yes       no        yes    no
replay          no      yes       no        yes    no
read-audit      yes     yes       yes       yes    no
approve         no      no        yes       yes    no
release         no      yes       no        yes    yes
hurry-release   no      yes       no        yes    no
roll-back       no      yes       yes       yes    no
"""


def cells(verdict: str) -> list[Any]:
    """Return (action, role) for every cell of the table with that verdict."""
    heads, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return [
        pytest.param(action, role, id=f"{action} as {role}")
        for action, *judged in rows
        for role, said in zip(heads, judged, strict=True)
        if said == verdict
    ]


@pytest.fixture
def tokens(server: Server, key: rsa.RSAPrivateKey) -> Tokens:
    """Judge tokens by the keys that the server publishes."""
    return Tokens(*publish(server, key))


def claims_of(role: str) -> dict[str, Any]:
    """Return the claims of somebody who has that role alone."""
    return a_run() if role == "workflow" else a_person(roles=[role])


def refusal(tokens: Tokens, authorization: str) -> tuple[int, str]:
    """Return status and sentence with which a token is refused."""
    with pytest.raises(Refusal) as caught:
        tokens.principal(authorization)
    return caught.value.status, caught.value.faults[0].message


def test_the_table_has_a_cell_for_every_action_and_role():
    found = {(p.values[0], p.values[1]) for p in (*cells("yes"), *cells("no"))}

    assert found == {(str(action), str(role)) for action in Action for role in Role}


@pytest.mark.parametrize(("action", "role"), cells("yes"))
def test_a_role_that_may_is_let_in(action: str, role: str, tokens: Tokens, key: rsa.RSAPrivateKey):
    principal = tokens.principal(bearer(claims_of(role), key))

    permit(principal, Action(action))

    assert principal.roles == {Role(role)}


@pytest.mark.parametrize(("action", "role"), cells("no"))
def test_a_role_that_may_not_is_told_which_it_lacks(
    action: str, role: str, tokens: Tokens, key: rsa.RSAPrivateKey
):
    principal = tokens.principal(bearer(claims_of(role), key))

    with pytest.raises(Refusal) as caught:
        permit(principal, Action(action))

    assert (caught.value.status, caught.value.faults[0].code) == (403, "role_missing")
    lacking = [p.values[1] for p in cells("yes") if p.values[0] == action]
    assert all(name in caught.value.faults[0].message for name in lacking)


@pytest.mark.parametrize("action", list(Action))
def test_without_a_role_nothing_is_allowed(action: Action):
    with pytest.raises(Refusal):
        permit(Principal(name="nobody", roles=frozenset()), action)


def test_two_roles_allow_what_either_does(tokens: Tokens, key: rsa.RSAPrivateKey):
    principal = tokens.principal(bearer(a_person(roles=["reader", "approver"]), key))

    permit(principal, Action.READ_AUDIT)
    permit(principal, Action.APPROVE)


def test_a_person_is_named_by_the_directory(tokens: Tokens, key: rsa.RSAPrivateKey):
    principal = tokens.principal(bearer(a_person(), key))

    assert principal.name == "00000000-0000-0000-0000-000000000001"
    assert (principal.repository_id, principal.token_id) == (None, None)


def test_an_application_without_an_object_is_named_by_its_subject(
    tokens: Tokens, key: rsa.RSAPrivateKey
):
    assert tokens.principal(bearer(a_person(oid=None), key)).name == "pairwise"


@pytest.mark.parametrize(
    "roles",
    [
        pytest.param(["workflow"], id="that of workflows"),
        pytest.param(["owner", 7, None, ["admin"]], id="unknown"),
        pytest.param(None, id="missing"),
        pytest.param([], id="none"),
    ],
)
def test_a_person_has_no_other_roles_than_ours(roles: Any, tokens: Tokens, key: rsa.RSAPrivateKey):
    assert tokens.principal(bearer(a_person(roles=roles), key)).roles == frozenset()


def test_a_workflow_is_known_by_its_repositorys_number(tokens: Tokens, key: rsa.RSAPrivateKey):
    principal = tokens.principal(bearer(a_run(repository_id=1296269), key))

    assert principal.name == "workflow of tesoro/rewards-api run 42"
    assert (principal.repository_id, principal.token_id) == (1296269, "once")


def test_a_workflow_that_says_little_is_still_known(tokens: Tokens, key: rsa.RSAPrivateKey):
    principal = tokens.principal(bearer(a_run(repository=None, run_id=None, jti=None), key))

    assert principal.name == "workflow of 1296269 run ?"
    assert principal.token_id is None


def test_roles_in_a_workflows_token_give_nothing(tokens: Tokens, key: rsa.RSAPrivateKey):
    principal = tokens.principal(bearer(a_run(roles=["admin"]), key))

    assert principal.roles == {Role.WORKFLOW}


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic abc", "abc", "Token abc"],
)
def test_without_a_bearer_token_nobody_is_known(authorization: str, tokens: Tokens):
    assert refusal(tokens, authorization) == (401, "a bearer token is required")


def test_the_scheme_ignores_case(tokens: Tokens, key: rsa.RSAPrivateKey):
    token = bearer(a_person(), key).partition(" ")[2]

    assert tokens.principal(f"bearer {token}").roles == {Role.OPERATOR}


@pytest.mark.parametrize("token", ["x", "a.b.c", "é.é.é", "..", "{}.{}.{}"])
def test_what_is_no_token_cannot_be_read(token: str, tokens: Tokens):
    assert refusal(tokens, f"Bearer {token}") == (401, "the token cannot be read")


@pytest.mark.parametrize(
    ("claims", "because"),
    [
        pytest.param(a_person(iss="https://evil.example"), "not one of ours", id="issuer"),
        pytest.param(a_person(iss=None), "not one of ours", id="no issuer"),
        pytest.param(a_person(aud="api://other"), "another audience", id="audience"),
        pytest.param(a_person(aud=None), "not valid", id="no audience"),
        pytest.param(a_person(tid="11111111-0000-4000-8000-000000000000"), "tenant", id="tenant"),
        pytest.param(a_person(tid=None), "another tenant", id="no tenant"),
        pytest.param(a_person(exp=1_577_840_400), "has expired", id="expired"),
        pytest.param(a_person(exp=None), "not valid", id="without an end"),
        pytest.param(a_person(iat=None), "not valid", id="without a beginning"),
        pytest.param(a_person(nbf=4_102_440_000), "not valid", id="not yet"),
        pytest.param(a_person(oid=None, sub=None), "names nobody", id="nobody"),
        pytest.param(a_person(oid=7, sub=None), "names nobody", id="a number"),
        pytest.param(a_run(aud="api://other"), "another audience", id="run's audience"),
        pytest.param(a_run(exp=1_577_840_400), "has expired", id="run's end"),
        pytest.param(a_run(repository_id=None), "no repository", id="run without repository"),
        pytest.param(a_run(repository_id="tesoro"), "no repository", id="run with a name"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(
    claims: dict[str, Any], because: str, tokens: Tokens, key: rsa.RSAPrivateKey
):
    status, message = refusal(tokens, bearer(claims, key))

    assert status == 401
    assert because in message


@pytest.mark.parametrize("claims", [a_person(), a_run()], ids=["person", "workflow"])
def test_a_token_signed_by_another_key_is_refused(
    claims: dict[str, Any], tokens: Tokens, other_key: rsa.RSAPrivateKey
):
    assert refusal(tokens, bearer(claims, other_key)) == (401, "the token is not valid")


def test_a_token_signed_by_a_key_that_nobody_publishes_is_refused(
    tokens: Tokens, key: rsa.RSAPrivateKey
):
    assert refusal(tokens, bearer(a_person(), key, kid="k2"))[0] == 401


def test_a_changed_token_is_refused(tokens: Tokens, key: rsa.RSAPrivateKey):
    head, _, signature = bearer(a_person(roles=["reader"]), key).split(".")
    better = _part(a_person(roles=["admin"]))

    assert refusal(tokens, f"{head}.{better}.{signature}") == (401, "the token is not valid")


def test_an_unsigned_token_is_refused(tokens: Tokens):
    token = f"{_part({'alg': 'none', 'kid': 'k1'})}.{_part(a_person())}."

    assert refusal(tokens, f"Bearer {token}")[0] == 401


def test_the_public_key_is_no_shared_secret(tokens: Tokens, key: rsa.RSAPrivateKey):
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    content = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(a_person())}"
    mac = hmac.new(public, content.encode(), hashlib.sha256).digest()
    token = f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    assert refusal(tokens, f"Bearer {token}")[0] == 401


def test_one_issuers_key_does_not_sign_for_the_other(
    server: Server, key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey
):
    entra, _ = publish(server, key)
    with_other = Server()
    with_other.url = server.url
    publish(with_other, other_key)
    server.on("GET /other/keys", *with_other._answers["GET /actions/keys"])
    tokens = Tokens(entra, Issuer(ACTIONS, f"{server.url}/other/keys", AUDIENCE))

    assert refusal(tokens, bearer(a_run(), key))[0] == 401
    assert tokens.principal(bearer(a_run(), other_key)).roles == {Role.WORKFLOW}


def test_runs_of_pull_request_target_have_no_say(tokens: Tokens, key: rsa.RSAPrivateKey):
    status, message = refusal(tokens, bearer(a_run(event_name="pull_request_target"), key))

    assert status == 403
    assert "pull_request_target" in message


def test_a_workflow_acts_on_its_own_repository_alone(tokens: Tokens, key: rsa.RSAPrivateKey):
    other = tokens.principal(bearer(a_run(repository_id="99"), key))
    own = tokens.principal(bearer(a_run(), key))

    permit_repository(own, 1296269)
    with pytest.raises(Refusal) as caught:
        permit_repository(other, 1296269)

    assert (caught.value.status, caught.value.faults[0].code) == (403, "repository_mismatch")


def test_a_person_is_bound_to_no_repository():
    permit_repository(Principal(name="ines", roles=frozenset({Role.OPERATOR})), 1296269)


def test_keys_are_fetched_once(tokens: Tokens, key: rsa.RSAPrivateKey, server: Server):
    for _ in range(3):
        tokens.principal(bearer(a_person(), key))

    assert len(server.calls("GET /entra/keys")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(status=500, body=b"<html>"), id="broken"),
        pytest.param(Answer(status=302, headers={"Location": "/elsewhere"}), id="gone elsewhere"),
        pytest.param(Answer(body=b"<html>sign in</html>"), id="a page"),
        pytest.param(Answer(body={"keys": []}), id="no keys"),
        pytest.param(Answer(body=[]), id="a list"),
    ],
)
def test_when_the_keys_cannot_be_had_nobody_is_let_in(
    answer: Answer, server: Server, key: rsa.RSAPrivateKey
):
    tokens = Tokens(*publish(server, key))
    server.on("GET /entra/keys", answer)

    with pytest.raises((TransientError, Refusal)) as caught:
        tokens.principal(bearer(a_person(), key))

    status = getattr(caught.value, "status", None)
    assert status == 401 or getattr(caught.value, "code", None) == "issuer_unavailable"


def test_an_issuer_that_does_not_answer_is_no_fault_of_the_token(key: rsa.RSAPrivateKey):
    nobody = Issuer(ENTRA, "http://127.0.0.1:9/keys", AUDIENCE, TENANT)

    with pytest.raises(TransientError) as caught:
        Tokens(nobody, nobody).principal(bearer(a_person(), key))

    assert caught.value.code == "issuer_unavailable"


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
