"""`python -m local.demo`: previews, a night, backups and releases, told as they happen.

Starts the local stack in a scratch folder with a held clock and drives it from outside, by the
calls that GitHub, a developer and Azure would make: nothing here reaches into the app. Ends with
the proof that every chain of the audit trail holds. Exits 1 where the story does not hold.
"""

import io
import sys
import tempfile
from pathlib import Path

from local.demo import backups, nights, people, previews, releases
from local.demo.telling import act, say
from local.outside import Broken, Stack, stack

ACTS = (
    ("One pull request, from opened to nothing left", previews.play),
    ("A fork, a comment, and a delivery that was lost", people.play),
    ("A night and a morning of staging", nights.play),
    ("What production could be restored to", backups.play),
    ("Three releases: a good one, a bad one, and one that an alert takes back", releases.play),
)


def main() -> int:
    """Play the demo; return the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # whatever the terminal says it is
    say("Tesoro XP control plane: previews, sleep, backups, releases", bold=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tesoro-demo-") as folder,
            stack(Path(folder)) as started,
        ):
            for number, (title, play) in enumerate(ACTS, 1):
                act(number, title)
                play(started)
            proven(started)
    except Broken as broken:
        say(f"\nThe story does not hold: {broken}", bold=True)
        return 1
    return 0


def proven(running: Stack) -> None:
    """Check every chain of the trail."""
    verified = running.api("audit/verify")
    if not verified["valid"]:
        raise Broken(f"the trail does not verify: {verified}")
    count, chains = verified["records"], verified["chains"]
    say(f"\n{count} records in {chains} chains: every hash holds", bold=True)


if __name__ == "__main__":
    sys.exit(main())
