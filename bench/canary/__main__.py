"""`python -m bench.canary [RUNS]`: the long run, for the tables and plots of `docs/judge.md`."""

import sys
from pathlib import Path

from bench.canary import report

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """Run, write, and return the exit status."""
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    page = DOCS / "judge.md"
    text = page.read_text(encoding="utf-8")
    start, end = "<!-- measured -->", "<!-- end -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    tables = report.tables(each, DOCS / "judge")
    page.write_text(f"{before}{start}\n{tables}\n{end}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
