"""A small container registry: manifests by tag and digest, and the tokens that show them.

It is strict where clients err: a challenge must be answered with a token for that very repository,
which ends; what the caller does not accept is not found, as at ghcr.io; a digest is that of the
bytes sent. It asks who it is in each way that registries have (a token service, plain logins,
Azure's exchange), and goes wrong where a test orders it. Nothing is kept on disk.

`shelf.py` holds what was pushed, `gate.py` says who may see it, `door.py` turns a Request into an
Answer, and `server.py` is the only file that knows HTTP. What tests steer is under `/_local`.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
https://distribution.github.io/distribution/spec/auth/token
"""
