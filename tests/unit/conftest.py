"""What the tests of the edge share: a server that answers as told, and keys to sign with."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve for one test."""
    with serving() as running:
        yield running


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    """The key that the issuer publishes."""
    return _key()


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    """A key that nobody publishes."""
    return _key()


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey) -> str:
    """The App's private key, as GitHub hands it out."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
