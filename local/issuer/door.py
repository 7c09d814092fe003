"""The HTTP side of the issuers: published keys, tokens for tests, and App Service's identity.

`POST /_local/token` is the one call that the cloud does not have: it signs whatever it is asked
to, because tests need wrong tokens too. `{"key": "other"}` signs with a key that nobody publishes.
https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.issuer import claims
from local.issuer.signing import SigningKey
from local.keys import new_key, private_key
from local.stack import Stack, actions_key, issuer_key

_IDENTITY_VERSION = "2019-08-01"
_TIMES = ("iat", "nbf", "exp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuers:
    """Who signs. `stranger` is published by nobody."""

    stack: Stack
    entra: SigningKey
    actions: SigningKey
    stranger: SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A token that was asked for."""

    claims: Mapping[str, Any]
    of_actions: bool
    by_stranger: bool
    life: int | None


class BadOrder(Exception):
    """The request for a token cannot be met; the text names every fault."""


def build(stack: Stack, state: Path) -> Starlette:
    """Return the application that serves the issuers of `state`; their keys must be there."""
    issuers = Issuers(
        stack=stack,
        entra=SigningKey(private=private_key(issuer_key(state))),
        actions=SigningKey(private=private_key(actions_key(state))),
        stranger=SigningKey(private=new_key()),
    )

    async def token(request: Request) -> JSONResponse:
        return _token(issuers, await request.body())

    async def identity(request: Request) -> JSONResponse:
        return _identity(issuers, request)

    return Starlette(
        routes=[
            *_documents(issuers),
            Route("/_local/token", token, methods=["POST"]),
            Route("/msi/token", identity, methods=["GET"]),
        ]
    )


def read_order(body: bytes) -> Order:
    """Return what `POST /_local/token` asks for; raise BadOrder naming every fault."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadOrder("the body is not JSON") from error
    if not isinstance(asked, dict):
        raise BadOrder("the body must be an object of claims")
    life, key = asked.pop("exp_in", None), asked.pop("key", None)
    run = asked.pop("github", None)
    wanted: Any = asked if run is None else run
    faults = [*_faults_of_options(life, key, run, asked), *_faults_of_claims(wanted)]
    if faults:
        raise BadOrder("; ".join(faults))
    return Order(claims=wanted, of_actions=run is not None, by_stranger=key == "other", life=life)


def _faults_of_options(life: Any, key: Any, run: Any, rest: Mapping[str, Any]) -> list[str]:
    faults = []
    if life is not None and not _is_whole(life):
        faults.append("exp_in must be a whole number of seconds")
    if key not in (None, "other"):
        faults.append("key must be left out, or be 'other' for one that is not published")
    if run is not None and rest:
        faults.append(f"beside github no claim may stand: {', '.join(sorted(rest))}")
    return faults


def _faults_of_claims(given: Any) -> list[str]:
    if not isinstance(given, dict):
        return ["github must be an object of claims"]
    faults = []
    roles = given.get("roles")
    if roles is not None and not _is_texts(roles):
        faults.append("roles must be a list of texts")
    if not isinstance(given.get("oid", ""), str | None):
        faults.append("oid must be text")
    faults.extend(
        f"{name} must be a whole number of seconds since 1970"
        for name in _TIMES
        if given.get(name) is not None and not _is_whole(given[name])
    )
    return faults


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _token(issuers: Issuers, body: bytes) -> JSONResponse:
    try:
        order = read_order(body)
    except BadOrder as fault:
        return JSONResponse({"error": "invalid_request", "error_description": str(fault)}, 400)
    fill = claims.actions if order.of_actions else claims.entra
    key = issuers.actions if order.of_actions else issuers.entra
    signer = issuers.stranger if order.by_stranger else key
    held = fill(issuers.stack, order.claims, at=int(time.time()), life=order.life)
    life = held["exp"] - int(time.time()) if "exp" in held else None
    return JSONResponse(
        {"access_token": signer.sign(held), "token_type": "Bearer", "expires_in": life}
    )


def _identity(issuers: Issuers, request: Request) -> JSONResponse:
    presented = request.headers.get("x-identity-header")
    if presented is None:
        return _no(401, "the header X-IDENTITY-HEADER is missing")
    secret = issuers.stack.identity_header
    if not hmac.compare_digest(presented.encode(), secret.encode()):
        return _no(403, "the header X-IDENTITY-HEADER is not this app's")
    if request.query_params.get("api-version") != _IDENTITY_VERSION:
        return _no(400, f"api-version must be {_IDENTITY_VERSION}")
    resource = request.query_params.get("resource", "")
    if resource.rstrip("/") not in claims.RESOURCES:
        return _no(400, f"the resource principal named '{resource}' was not found in the tenant")
    _, client = claims.identity_of(issuers.stack)
    asked = request.query_params.get("client_id", client)
    if asked.lower() != client:
        return _no(400, f"no identity with client_id '{asked}' is assigned to this app")
    held = claims.managed_identity(issuers.stack, resource, at=int(time.time()))
    return JSONResponse(
        {
            "access_token": issuers.entra.sign(held),
            # Text, as App Service answers since 2019-08-01.
            "expires_on": str(held["exp"]),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": client,
        }
    )


def _no(status: int, message: str) -> JSONResponse:
    return JSONResponse({"statusCode": status, "message": message}, status)


def _documents(issuers: Issuers) -> list[Route]:
    """Return the routes of what an issuer publishes: its configuration, and its keys."""
    stack = issuers.stack
    entra_keys = f"{stack.issuer}/discovery/v2.0/keys"
    actions_keys = f"{claims.actions_issuer(stack)}/.well-known/jwks"
    entra = _configuration(claims.entra_issuer(stack), entra_keys)
    actions = _configuration(claims.actions_issuer(stack), actions_keys)
    tenant = f"/{stack.tenant}"
    return [
        _document(f"{tenant}/v2.0/.well-known/openid-configuration", entra),
        _document("/discovery/v2.0/keys", {"keys": [issuers.entra.published()]}),
        _document(f"{tenant}/discovery/v2.0/keys", {"keys": [issuers.entra.published()]}),
        _document("/actions/.well-known/openid-configuration", actions),
        _document("/actions/.well-known/jwks", {"keys": [issuers.actions.published()]}),
    ]


def _document(path: str, content: dict[str, Any]) -> Route:
    async def answer(_: Request) -> JSONResponse:
        return JSONResponse(content)

    return Route(path, answer, methods=["GET"])


def _configuration(issuer: str, keys: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "jwks_uri": keys,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
