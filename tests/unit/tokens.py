"""Tokens as Entra ID and GitHub Actions sign them, and the keys as their issuers publish them.

Issued in 2020 and good until 2100, so that no test reads a clock.
"""

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from provisioning.settings import Issuer

from .server import Answer, Server

TENANT = "99999999-8888-4777-8666-555555555555"
ENTRA, ACTIONS = "https://entra.example/v2.0", "https://actions.example"
AUDIENCE = "api://control"
ISSUED, ENDS = 1_577_836_800, 4_102_444_800


def publish(server: Server, key: rsa.RSAPrivateKey) -> tuple[Issuer, Issuer]:
    """Publish the key for both issuers, and return them as they are set."""
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    keys = Answer(body={"keys": [{**own, "kid": "k1", "alg": "RS256", "use": "sig"}]})
    server.on("GET /entra/keys", keys)
    server.on("GET /actions/keys", keys)
    return (
        Issuer(ENTRA, f"{server.url}/entra/keys", AUDIENCE, TENANT),
        Issuer(ACTIONS, f"{server.url}/actions/keys", AUDIENCE),
    )


def a_person(**given: Any) -> dict[str, Any]:
    """Return the claims of a person's token; None leaves one out."""
    usual = {
        "iss": ENTRA,
        "aud": AUDIENCE,
        "tid": TENANT,
        "oid": "00000000-0000-0000-0000-000000000001",
        "sub": "pairwise",
        "roles": ["operator"],
        "iat": ISSUED,
        "exp": ENDS,
    }
    return {name: value for name, value in (usual | given).items() if value is not None}


def a_run(**given: Any) -> dict[str, Any]:
    """Return the claims of a workflow's token; None leaves one out."""
    usual = {
        "iss": ACTIONS,
        "aud": AUDIENCE,
        "sub": "repo:tesoro/rewards-api:ref:refs/heads/main",
        "repository": "tesoro/rewards-api",
        "repository_id": "1296269",
        "event_name": "push",
        "run_id": "42",
        "jti": "once",
        "iat": ISSUED,
        "exp": ENDS,
    }
    return {name: value for name, value in (usual | given).items() if value is not None}


def bearer(claims: dict[str, Any], key: rsa.RSAPrivateKey, kid: str = "k1") -> str:
    """Return the `Authorization` header of a token with these claims."""
    return "Bearer " + jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})
