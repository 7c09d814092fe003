"""The private keys of one stack, made once and kept beside its state.

Three, because three parties sign: Entra ID, GitHub Actions' issuer, and the GitHub App. A token of
one must never pass for a token of another, so no key serves twice. Who reads which lies in
`local/stack.py`.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.stack import actions_key, github_app_key, issuer_key, public_half


def ensure_keys(state: Path) -> None:
    """Make every key that is not there yet: RSA 2048, PEM, readable by its owner alone."""
    for path in (issuer_key(state), actions_key(state), github_app_key(state)):
        if not path.exists():
            _make(path)


def private_key(path: Path) -> rsa.RSAPrivateKey:
    """Return the RSA key kept at `path`; raise TypeError where another kind lies there."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key; remove it and start again")
    return key


def new_key() -> rsa.RSAPrivateKey:
    """Return a fresh RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _make(path: Path) -> None:
    key = new_key()
    public_half(path).write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        # PKCS#1, as GitHub hands out the keys of its Apps.
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    # The whole file or none: a kill between the two would leave half a key for the next start.
    draft = path.with_suffix(".draft")
    with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(private)
    draft.replace(path)
