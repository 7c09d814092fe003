"""How the small HTTP parts of the stack are served: on 127.0.0.1, silent, ended by SIGTERM.

Ctrl-C reaches every process of the terminal's group at once. A part ignores it, since
`python -m local up` decides the order in which things end: the host first, while what it talks to
still answers.
"""

import argparse
import signal
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from local.lifeline import follow_parent


def state_argument(program: str) -> Path:
    """Return the folder given as `--state`, the only argument a part takes."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", allow_abbrev=False)
    parser.add_argument("--state", type=Path, required=True, help="the stack's state folder")
    folder: Path = parser.parse_args().state
    return folder.resolve()


def serve(app: Any, port: int) -> None:
    """Serve the ASGI `app` on 127.0.0.1 until SIGTERM or the end of the parent."""
    follow_parent()
    settings = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    _Server(settings).run()


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig != signal.SIGINT:
            super().handle_exit(sig, frame)
