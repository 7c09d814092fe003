"""The simulator's TLS: an authority of its own and one server certificate.

The SDK refuses to send a token over plain HTTP, so the simulator speaks HTTPS and everybody
trusts the authority through `REQUESTS_CA_BUNDLE`. Made once for each state folder and kept.
"""

from pathlib import Path

import trustme

from local.stack import certificates


def ensure_certificates(state: Path) -> tuple[Path, Path, Path]:
    """Return authority, chain and key of `state`, made now if any is missing."""
    authority, chain, key = certificates(state)
    if not (authority.exists() and chain.exists() and key.exists()):
        state.mkdir(parents=True, exist_ok=True)
        ca = trustme.CA()
        server = ca.issue_cert("127.0.0.1", "localhost")
        key.touch(mode=0o600)
        server.private_key_pem.write_to_path(key)
        chain.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
        ca.cert_pem.write_to_path(authority)
    return authority, chain, key
