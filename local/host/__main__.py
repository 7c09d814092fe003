"""`python -m local.host --state DIR [--app FOLDER]`: the host of one local stack.

Its parent has put the app's settings into the environment. It ends on SIGTERM and SIGINT, and when
its parent is gone. Exit status 75 asks to be started again (a function ran too long, or someone
asked for a restart), 1 says that Azure would not start this host either.
"""

import argparse
import asyncio
import importlib
import os
import signal
import sys
from pathlib import Path

from local.clock import Clock, open_clock
from local.host import keys, logs
from local.host.config import HostJson
from local.host.server import listen_on
from local.host.service import REFUSED, Host, Plan
from local.host.settings import Settings
from local.lifeline import follow_parent
from local.stack import Stack

_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run the host to its end and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.host")
    parser.add_argument("--state", type=Path, required=True, help="the stack's state folder")
    parser.add_argument("--app", type=Path, default=_ROOT, help="the folder of function_app.py")
    arguments = parser.parse_args()
    follow_parent()
    settings = Settings(os.environ)
    logs.start(debug=settings.get("PYTHON_ENABLE_DEBUG_LOGGING") == "1")
    state, folder = arguments.state.resolve(), arguments.app.resolve()
    stack = Stack.read(state)
    clock = open_clock(state, held=stack.held)
    plan = Plan(
        folder=folder,
        settings=settings,
        keys=keys.read(state, stack),
        clock=clock,
        prepare=lambda: _give_clock(clock),
        tune=_with_its_log_levels,
    )
    # The worker's own working folder is the app's.
    os.chdir(folder)
    return asyncio.run(_serve(plan, stack.app_port))


async def _serve(plan: Plan, port: int) -> int:
    host = Host(plan)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, host.stop)
    try:
        listening = listen_on(port)
    except OSError as problem:
        print(f"port {port} cannot be listened on: {problem}", file=sys.stderr)
        return REFUSED
    status = await host.serve(listening)
    # Threads of functions that never end would keep the process alive.
    sys.stderr.flush()
    os._exit(status)


def _with_its_log_levels(given: HostJson) -> HostJson:
    logs.limit(given.log_levels)
    return given


def _give_clock(clock: Clock) -> None:
    """Let the control plane read held time, before it is imported by its triggers."""
    if not clock.held:
        return
    try:
        app = importlib.import_module("provisioning.app")
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] != "provisioning":
            raise
        return
    if hasattr(app, "use_clock"):
        app.use_clock(clock)


if __name__ == "__main__":
    sys.exit(main())
