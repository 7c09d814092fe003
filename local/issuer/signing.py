"""One signing key: how it signs, and how it is published.

A key's name (`kid`) is its RFC 7638 thumbprint, so that it names the same key after a restart.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """An RSA key that signs tokens."""

    private: rsa.RSAPrivateKey = field(repr=False)

    @cached_property
    def kid(self) -> str:
        """The key's name."""
        public = self._public()
        text = json.dumps(
            {name: public[name] for name in ("e", "kty", "n")}, separators=(",", ":")
        )
        digest = hashlib.sha256(text.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a compact RS256 token."""
        return jwt.encode(dict(claims), self.private, "RS256", headers={"kid": self.kid})

    def published(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key."""
        public = self._public()
        return {**public, "kid": self.kid, "use": "sig", "alg": "RS256"}

    def _public(self) -> dict[str, Any]:
        public = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {name: public[name] for name in ("kty", "n", "e")}
