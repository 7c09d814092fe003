"""A cold start is a user's wait: what does importing the app cost over importing its library?

CPU time above the interpreter's own, each in a fresh process. Compiled files lie in a folder that
both share and that the warm-up fills, as a deployed package has them.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Claim, alternate

TARGET = 1.5
_ROUNDS = 11
_ROOT = Path(__file__).resolve().parent.parent
_PROGRAM = """
import time
start = time.process_time()
import {module}
print(time.process_time() - start)
"""


def measure() -> Claim:
    """Return the CPU time of `import function_app` over that of `import azure.functions`."""
    with tempfile.TemporaryDirectory(prefix="tesoro-bench-") as folder:
        app, library = alternate(
            lambda: _import("function_app", folder),
            lambda: _import("azure.functions", folder),
            rounds=_ROUNDS,
        )
    return Claim(
        name="cold start: import function_app / import azure.functions, CPU time",
        ratio=app / library,
        detail=(f"{app * 1e3:.0f} ms / {library * 1e3:.0f} ms, medians of {_ROUNDS} processes",),
        at_most=TARGET,
    )


def _import(module: str, compiled: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(module=module)],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
