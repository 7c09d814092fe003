"""Log lines on standard error, and which invocation each belongs to.

Azure drops a user's log line that carries no invocation id: those written at import, in a thread
of one's own, in `asyncio.to_thread`. Here they are shown but marked, so nobody relies on them.
The id is known in two ways, as in the Python worker: a thread-local (the pool's threads, or a
thread whose code set `context.thread_local_storage.invocation_id`), and, on the event loop, the
task that runs, whose children inherit it.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

LOST = "[lost on Azure: no invocation id] "

THREAD = threading.local()
TASK: ContextVar[str] = ContextVar("invocation_id", default="")
_SYSTEM = ("azure.functions", "azure_functions_worker", "local.host", "uvicorn", "asyncio")
_LEVELS = {
    **{"trace": logging.DEBUG, "debug": logging.DEBUG, "information": logging.INFO},
    **{"warning": logging.WARNING, "error": logging.ERROR, "critical": logging.CRITICAL},
    "none": logging.CRITICAL + 1,
}


def invocation_id() -> str:
    """Return the id of the invocation that this code runs for; empty where Azure knows of none."""
    known = getattr(THREAD, "invocation_id", None)
    if known is not None:
        return str(known)
    # A context copied into a thread (`asyncio.to_thread`) carries the variable but no loop.
    return TASK.get() if asyncio._get_running_loop() is not None else ""


class Line(logging.Formatter):
    """One readable line a record: `08:47:24.123 info tick: text [1a2b3c4d]`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the traceback below it where there is one."""
        at = datetime.fromtimestamp(record.created, UTC)
        text = record.getMessage()
        if record.name.startswith(_SYSTEM):
            where = "host"
        else:
            where = record.name
            known = invocation_id()
            text = f"{text} [{known[:8]}]" if known else LOST + text
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        moment = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
        return f"{moment} {record.levelname.lower()} {where}: {text}"


def start(*, debug: bool) -> None:
    """Send every log of this process to standard error as `Line` writes it."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(Line())
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    # Each would write a line for every call of the SDK.
    for noisy in ("azure", "urllib3", "httpx", "httpcore", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def limit(levels: Mapping[str, str]) -> None:
    """Apply `logging.logLevel` of host.json: `default` and `Function` to the user's lines."""
    wanted = levels.get("function", levels.get("default", "Information")).lower()
    if wanted in _LEVELS:
        root = logging.getLogger()
        root.setLevel(max(root.level, _LEVELS[wanted]))
        logging.getLogger("local.host").setLevel(logging.INFO)
