"""Tokens as Entra ID, GitHub Actions and App Service's identity endpoint give them."""

import time
from typing import Any

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CredentialUnavailableError,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)

from local.issuer.claims import ACTIONS_AUDIENCE, ENTRA_AUDIENCE, identity_of
from local.loopback import PLAIN

ARM = "https://management.azure.com/.default"


def ask(issuers, body) -> httpx.Response:
    return httpx.post(f"{issuers}/_local/token", json=body, trust_env=False, verify=PLAIN)


def token_for(issuers, body) -> str:
    answer = ask(issuers, body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def key_at(url, token):
    """Return the published key that the token names; KeyError where nobody publishes it."""
    keys = httpx.get(url, trust_env=False, verify=PLAIN).json()["keys"]
    return {key["kid"]: jwt.PyJWK(key) for key in keys}[jwt.get_unverified_header(token)["kid"]]


def entra_claims(issuers, token, **options) -> dict[str, Any]:
    key = key_at(f"{issuers}/discovery/v2.0/keys", token)
    return jwt.decode(token, key, ["RS256"], **{"audience": ENTRA_AUDIENCE, **options})


def actions_claims(issuers, token, **options) -> dict[str, Any]:
    key = key_at(f"{issuers}/actions/.well-known/jwks", token)
    return jwt.decode(token, key, ["RS256"], **{"audience": ACTIONS_AUDIENCE, **options})


def test_a_person_gets_a_token_as_entra_id_signs_it(issuers, stack):
    token = token_for(issuers, {"oid": "user-1", "roles": ["operator"]})

    held = entra_claims(issuers, token, issuer=f"{stack.issuer}/{stack.tenant}/v2.0")

    assert held["oid"] == "user-1"
    assert held["roles"] == ["operator"]
    assert held["tid"] == stack.tenant
    assert held["ver"] == "2.0"
    assert 3000 < held["exp"] - held["iat"] < 6000


def test_given_claims_win_and_null_leaves_a_claim_out(issuers):
    body = {"oid": None, "roles": ["admin"], "tid": "another", "exp_in": -5, "scp": None}

    held = entra_claims(issuers, token_for(issuers, body), options={"verify_exp": False})

    assert "oid" not in held
    assert "scp" not in held
    assert held["tid"] == "another"
    assert held["exp"] < time.time()


def test_the_discovery_document_leads_to_the_keys(issuers, stack):
    for issuer in (f"{stack.issuer}/{stack.tenant}/v2.0", f"{stack.issuer}/actions"):
        document = httpx.get(
            f"{issuer}/.well-known/openid-configuration", trust_env=False, verify=PLAIN
        ).json()

        assert document["issuer"] == issuer
        keys = httpx.get(document["jwks_uri"], trust_env=False, verify=PLAIN).json()["keys"]
        assert [(key["kty"], key["use"], key["alg"]) for key in keys] == [("RSA", "sig", "RS256")]
        assert not {"d", "p", "q"} & set(keys[0])


def test_a_run_of_a_workflow_gets_a_token_whose_facts_are_text(issuers, stack):
    run = {"repository_id": 1296269, "ref": "refs/heads/topic", "run_attempt": 2}

    held = actions_claims(
        issuers, token_for(issuers, {"github": run}), issuer=f"{stack.issuer}/actions"
    )

    assert held["repository_id"] == "1296269"
    assert held["run_attempt"] == "2"
    assert held["repository"] == "tesoro/rewards-api"
    assert held["ref"] == "refs/heads/topic"
    assert held["workflow_ref"].endswith("@refs/heads/topic")
    times = {"iat", "nbf", "exp"}
    assert all(isinstance(value, str) for name, value in held.items() if name not in times)
    assert held["exp"] - held["iat"] == 300


@pytest.mark.parametrize(
    ("run", "end"),
    [
        pytest.param({}, ":ref:refs/heads/main", id="a branch"),
        pytest.param({"event_name": "pull_request"}, ":pull_request", id="a pull request"),
        pytest.param({"environment": "eu:west"}, ":environment:eu%3Awest", id="an environment"),
    ],
)
def test_the_subject_has_names_beside_ids(issuers, run, end):
    held = actions_claims(issuers, token_for(issuers, {"github": run}))

    assert held["sub"] == f"repo:tesoro@6811672/rewards-api@1296269{end}"


def test_each_token_of_actions_can_be_told_from_every_other(issuers):
    one, other = (actions_claims(issuers, token_for(issuers, {"github": {}})) for _ in range(2))

    assert one["jti"] != other["jti"]


def test_the_two_issuers_do_not_vouch_for_each_other(issuers):
    person, run = token_for(issuers, {}), token_for(issuers, {"github": {}})

    with pytest.raises(KeyError):
        entra_claims(issuers, run)
    with pytest.raises(KeyError):
        actions_claims(issuers, person)


@pytest.mark.parametrize("body", [{"oid": "user-1"}, {"github": {}}])
def test_a_stranger_signs_with_a_key_that_nobody_publishes(issuers, body):
    token = token_for(issuers, {**body, "key": "other"})

    with pytest.raises(KeyError):
        entra_claims(issuers, token)
    with pytest.raises(KeyError):
        actions_claims(issuers, token)


def test_a_bad_order_is_refused_with_every_fault(issuers):
    answer = ask(issuers, {"roles": "admin", "exp_in": "soon", "key": "mine", "iat": True})

    assert answer.status_code == 400
    for name in ("roles", "exp_in", "key", "iat"):
        assert name in answer.json()["error_description"]


@pytest.mark.parametrize(
    "body", [[], "x", None, {"github": "main"}, {"github": {}, "oid": "user-1"}]
)
def test_what_is_no_order_is_refused(issuers, body):
    assert ask(issuers, body).status_code == 400


@pytest.fixture
def identity(issuers, stack, monkeypatch):
    """The environment that App Service gives a process with an identity."""
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{issuers}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", stack.identity_header)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")


@pytest.mark.parametrize(
    "scope", [ARM, "https://storage.azure.com/.default", "https://api.loganalytics.io/.default"]
)
@pytest.mark.parametrize("kind", [ManagedIdentityCredential, DefaultAzureCredential])
def test_the_real_library_gets_the_identitys_token(issuers, stack, identity, kind, scope):
    with kind() as credential:
        token = credential.get_token(scope)

    held = entra_claims(issuers, token.token, audience=scope.removesuffix("/.default"))
    assert held["oid"] == identity_of(stack)[0]
    assert held["idtyp"] == "app"
    assert token.expires_on == held["exp"]
    assert held["exp"] - held["iat"] == 24 * 3600


def test_the_real_library_is_refused_without_the_right_header(identity, monkeypatch):
    monkeypatch.setenv("IDENTITY_HEADER", "stolen")

    with (
        ManagedIdentityCredential() as credential,
        pytest.raises((ClientAuthenticationError, CredentialUnavailableError)),
    ):
        credential.get_token(ARM)


@pytest.mark.parametrize(
    ("header", "changes", "status"),
    [
        pytest.param(None, {}, 401, id="no header"),
        pytest.param("guess", {}, 403, id="a wrong header"),
        pytest.param("right", {"api-version": "2017-09-01"}, 400, id="an old version"),
        pytest.param("right", {"resource": ""}, 400, id="no resource"),
        pytest.param("right", {"resource": "https://example.com"}, 400, id="another's resource"),
        pytest.param("right", {"client_id": "nobody"}, 400, id="an identity it has not"),
        pytest.param("right", {}, 200, id="as App Service wants it"),
    ],
)
def test_the_identity_endpoint_is_as_strict_as_app_service(
    issuers, stack, header, changes, status
):
    headers = {"x-identity-header": stack.identity_header if header == "right" else header}
    query = {"api-version": "2019-08-01", "resource": "https://management.azure.com/", **changes}

    answer = httpx.get(
        f"{issuers}/msi/token",
        params=query,
        headers={name: value for name, value in headers.items() if value is not None},
        trust_env=False,
        verify=PLAIN,
    )

    assert answer.status_code == status
    if status == 200:
        assert answer.json()["resource"] == "https://management.azure.com/"
        assert answer.json()["expires_on"].isdecimal()
