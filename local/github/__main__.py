"""`python -m local.github --state DIR`: serve the GitHub of one stack."""

from local.clock import open_clock
from local.github.server import build
from local.keys import ensure_keys
from local.serving import serve, state_argument
from local.stack import Stack


def main() -> None:
    """Serve until SIGTERM."""
    state = state_argument("local.github")
    stack = Stack.read(state)
    ensure_keys(state)
    serve(build(stack, state, open_clock(state, held=stack.held)), stack.github_port)


if __name__ == "__main__":
    main()
