"""Run the simulator of one local stack: `python -m local.azure --state DIR`."""

import asyncio
import logging
import sys
from urllib.parse import quote

from local.azure import app, estate, serving, site
from local.azure.certificates import ensure_certificates
from local.azure.journal import Sqlite
from local.azure.monitor.courier import Courier
from local.azure.tokens import Tokens
from local.clock import open_clock
from local.lifeline import follow_parent
from local.serving import state_argument
from local.stack import Stack


def main() -> None:
    """Serve until told to end, or until the parent is gone."""
    state = state_argument("local.azure")
    follow_parent()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    stack = Stack.read(state)
    _, chain, key = ensure_certificates(state)
    journal = Sqlite(state / "azure.sqlite")
    world = app.make_world(
        open_clock(state, held=stack.held),
        journal,
        subscription=stack.subscription,
        tenant=stack.tenant,
    )
    estate.found(world)
    tokens = Tokens(tenant=stack.tenant, keys_url=f"{stack.issuer}/discovery/v2.0/keys")
    receiver = f"{stack.app}/api/alerts?code={quote(stack.alerts_key, safe='')}"
    courier = Courier(world, receiver, is_patient=not stack.held)
    arm = app.build(world, tokens, courier=courier, stack=stack)
    servers = [
        serving.server(arm, stack.azure_port, (chain, key)),
        serving.server(site.build(world), stack.containers_port),
    ]
    asyncio.run(serving.until_told(servers, courier.watch()))
    journal.close()


if __name__ == "__main__":
    main()
