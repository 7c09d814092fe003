"""`python -m local.agreement [CORPUS]`: play every recording, and print what agrees.

Exits 2 where the folder has no recordings.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from local.agreement.playing import Outcome, play

USUAL = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "arm"


def main() -> int:
    """Play, print, and return the exit status."""
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else USUAL
    files = recordings(corpus)
    if not files:
        sys.stderr.write(f"no recordings in {corpus}; name another folder with CORPUS=\n")
        return 2
    with ProcessPoolExecutor() as workers:
        outcomes = list(workers.map(play, files, chunksize=16))
    for line in told(outcomes):
        sys.stdout.write(line + "\n")
    return 0


def recordings(corpus: Path) -> list[Path]:
    """Return the files of a corpus: one folder for each type, one file for each operation."""
    return sorted(path for path in corpus.glob("*/*.json") if path.is_file())


def told(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the report: shares by type and operation, then the first difference of each."""
    by_folder: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_folder[outcome.folder].append(outcome)
    lines = []
    for folder, found in sorted(by_folder.items()):
        lines.append(_share(found, folder))
        by_operation: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in found:
            by_operation[outcome.operation].append(outcome)
        lines += [_share(some, f"  {name}") for name, some in sorted(by_operation.items())]
        lines += [_first_difference(outcome) for outcome in found if not outcome.whole]
    every = [outcome for found in by_folder.values() for outcome in found]
    purposes = Counter(outcome.purpose for outcome in every if outcome.purpose)
    return [
        *lines,
        "",
        "Differences on purpose (docs/differs-from-azure.md):",
        *(f"{count:5}  {what}" for what, count in purposes.most_common()),
        f"{sum(outcome.ordered for outcome in every):5}  failures were ordered as faults",
        "",
        *(_share(by_folder[f], f) for f in sorted(by_folder)),
        _share(every, "all"),
    ]


def _first_difference(outcome: Outcome) -> str:
    on_purpose = f" (on purpose: {outcome.purpose})" if outcome.purpose else ""
    return f"    {outcome.name}: {outcome.faults[0][:300]}{on_purpose}"


def _share(outcomes: list[Outcome], name: str) -> str:
    whole = sum(outcome.whole for outcome in outcomes)
    meant = sum(bool(outcome.purpose) for outcome in outcomes)
    told = f"{whole / len(outcomes):5.0%}  {name} ({whole} of {len(outcomes)})"
    if not meant:
        return told
    left = len(outcomes) - meant
    rest = f"{whole / left:.0%} of the rest" if left else "nothing else"
    return f"{told}; {meant} differ on purpose, {rest}"


if __name__ == "__main__":
    sys.exit(main())
