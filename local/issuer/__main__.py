"""`python -m local.issuer --state DIR`: serve the issuers of one stack."""

from local.issuer.door import build
from local.keys import ensure_keys
from local.serving import serve, state_argument
from local.stack import Stack


def main() -> None:
    """Serve until SIGTERM."""
    state = state_argument("local.issuer")
    stack = Stack.read(state)
    ensure_keys(state)
    serve(build(stack, state), stack.issuer_port)


if __name__ == "__main__":
    main()
