"""The tables and plots of `docs/judge.md`."""

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.canary import claims, peers, plot, runs
from bench.canary.worlds import WORLDS, Cell, grid, stream
from provisioning.model import Standing
from provisioning.releases.canary import Judge

_NEVER = 1e9
_PROMISED, _LONGER, _OTHER_SEEDS = 0.01, 5, 1_000_000
_FIFTY = Cell(requests=1_000, share=0.05, rate=0.005)
_TWO_THOUSAND = Cell(requests=10_000, share=0.20, rate=0.005)
_EFFECTS = (2.0, 5.0, 10.0)
_DRAWN = (1_000, 0.05)


def tables(each: int, folder: Path) -> str:
    """Measure `each` days of every cell and return the tables; plots go into the folder."""
    folder.mkdir(exist_ok=True)
    parts = [
        f"Measured with `python -m bench.canary {each}`: {each} days of each cell, 240 minutes of"
        " history before each.",
        *(_healthy(world, each) for world in WORLDS),
        _others(each),
        _floor(max(each // 10, 4)),
        _detection(max(each // 4, 8)),
        *(_equal(world, each, folder) for world in ("incidents", "independent")),
        _late(max(each // 4, 8)),
        _course(folder),
    ]
    return "\n\n".join(parts)


def _healthy(world: str, each: int) -> str:
    _say(f"healthy, {world}")
    cells = grid(world=world)
    found = runs.days(cells, each)
    again = [i for i, some in enumerate(found) if _bad(some) > _PROMISED]
    if again:
        longer = runs.days([cells[i] for i in again], _LONGER * each, first=_OTHER_SEEDS)
        found = [longer[again.index(i)] if i in again else one for i, one in enumerate(found)]
    rows = []
    for place in range(0, len(cells), 3):
        cell = cells[place]
        row = [f"{cell.requests:,}", f"{cell.share:.0%}"]
        for some in found[place : place + 3]:
            unknown = sum(d.standing is Standing.UNKNOWN for d in some) / len(some)
            row.append(f"{_bad(some):.2%} / {unknown:.0%}")
        rows.append(row)
    title = f"### Healthy for 24 h, {world}: rolled back / unknown in the end"
    names = ["requests/min", "canary", *(f"errors {r:.1%}" for r in (0.001, 0.005, 0.01))]
    shares = [_bad(some) for some in found]
    told = f"Median cell {statistics.median(shares):.2%}, worst {max(shares):.2%}."
    if again:
        told += (
            f" {len(again)} of {len(cells)} cells showed over 1 % at first; they were run again on"
            f" {_LONGER * each} other days, and that is what is shown."
        )
    return f"{title}\n\n{_table(names, rows)}\n\n{told}"


def _bad(some: Sequence[runs.Day]) -> float:
    return sum(d.standing is Standing.BAD for d in some) / len(some)


def _others(each: int) -> str:
    _say("healthy, peers")
    few = max(each // 10, 10)
    rows = []
    for world in WORLDS:
        cells = grid(world=world)
        flat = runs.spread(runs.highest, [(c, s) for c in cells for s in range(few)])
        row = [world]
        for name, (_, limit) in peers.PEERS.items():
            hits = [found[name] > limit for found in flat]
            shares = [sum(hits[i * few : (i + 1) * few]) / few for i in range(len(cells))]
            row.append(f"{statistics.median(shares):.0%} / {max(shares):.0%}")
        rows.append(row)
    title = "### The peers as they come, healthy for 24 h: median / worst cell rolled back"
    return f"{title}\n\n{_table(['world', *peers.PEERS], rows)}"


def _floor(each: int) -> str:
    _say("Wald's floor")
    floor, late, count = claims.ratios(each)
    lines = [
        "### Against Wald's floor",
        f"- Mean time to find a regression over Wald's floor: **{statistics.fmean(floor):.2f}**"
        f" (median {statistics.median(floor):.2f}, worst {max(floor):.2f}) over {len(floor)} of"
        f" {count} cells; in the others a day is too short even for Wald's test.",
        f"- Begun after 12 h over begun at the start: **{statistics.fmean(late):.2f}** (median"
        f" {statistics.median(late):.2f}, worst {max(late):.2f}).",
    ]
    return "\n\n".join([lines[0], "\n".join(lines[1:])])


def _detection(each: int) -> str:
    _say("detection")
    limits = {name: limit for name, (_, limit) in peers.PEERS.items()}
    rows: list[list[str]] = []
    for cell, told in ((_FIFTY, "50"), (_TWO_THOUSAND, "2,000")):
        ours: list[str] = []
        floor: list[str] = []
        theirs: dict[str, list[str]] = {name: [] for name in limits}
        for effect in _EFFECTS:
            worse = cell.at(ratio=effect)
            [some] = runs.days([worse], each)
            ours.append(_spread_of([d.bad_at for d in some]))
            floor.append(_spread_of([d.floor for d in some]))
            flat = runs.spread(runs.found, [(worse, seed, limits) for seed in range(each)])
            for name in limits:
                theirs[name].append(_spread_of([one[name] for one in flat]))
        rows.append(["**this judge**", told, *ours])
        rows.append(["Wald's floor", told, *floor])
        rows += [[name, told, *times] for name, times in theirs.items()]
    title = "### Minutes to find a regression at 0.5 % errors (median / p95), each as it comes"
    names = ["judge", "canary requests/min", *(f"{e:g}x" for e in _EFFECTS)]
    return f"{title}\n\n{_table(names, rows)}"


def _equal(world: str, runs_each: int, folder: Path) -> str:
    """Return how fast the peers are with limits at which they are as quiet as the judge."""
    _say(f"equal false alarms, {world}")
    healthy, each = max(runs_each // 2, 40), max(runs_each // 8, 8)
    rows, drawn = [], {}
    for requests in (1_000, 10_000):
        for share in (0.05, 0.20, 0.50):
            cell = Cell(requests=requests, share=share, rate=0.005)
            quiet = cell.at(world=world)
            scores = runs.spread(runs.highest, [(quiet, 10_000 + s) for s in range(healthy)])
            limits = {
                name: sorted(one[name] for one in scores)[-max(healthy // 100, 1)]
                for name in peers.PEERS
            }
            for effect in _EFFECTS:
                worse = cell.at(ratio=effect)
                [some] = runs.days([worse], each)
                flat = runs.spread(runs.found, [(worse, seed, limits) for seed in range(each)])
                times = {"this judge": runs.mean_minutes(d.bad_at for d in some)}
                times |= {
                    n.partition(":")[0]: runs.mean_minutes(one[n] for one in flat) for n in limits
                }
                times["Wald's floor"] = runs.mean_minutes(d.floor for d in some)
                rows.append(
                    [f"{requests:,}", f"{share:.0%}", f"{effect:g}x"]
                    + [f"{minutes:.1f}" for minutes in times.values()]
                )
                if (requests, share) == _DRAWN:
                    for name, minutes in times.items():
                        drawn.setdefault(name, []).append((effect, minutes))
    svg = plot.lines(
        "Minutes to find a regression: 50 canary requests a minute", "effect", "minutes", drawn
    )
    (folder / f"equal-{world}.svg").write_text(svg, encoding="utf-8")
    title = f"### Mean minutes when each peer's limit gives it 1 % false alarms, {world}"
    names = ["requests/min", "canary", "effect", *drawn]
    note = (
        f"Limits are those of the healthy world '{world}', of each cell by itself: better than"
        " anybody could set them. The regressions are on days without incidents, at 0.5 % errors."
        " A day without an alarm counts as 1,440 minutes."
    )
    return f"{title}\n\n{_table(names, rows)}\n\n{note}\n\n![equal](judge/equal-{world}.svg)"


def _late(each: int) -> str:
    _say("late and slow")
    rows = []
    for name, changes in (
        ("from the start", {}),
        ("after 12 h", {"begins": claims.LATE}),
        ("rising over 60 min", {"ramp": 60}),
        ("after 12 h, rising over 60 min", {"begins": claims.LATE, "ramp": 60}),
    ):
        row = [name]
        for cell in (_FIFTY, _TWO_THOUSAND):
            for effect in (2.0, 5.0):
                worse = cell.at(ratio=effect, **changes)
                [some] = runs.days([worse], each)
                after = [
                    None if d.bad_at is None else d.bad_at - worse.begins + 1
                    for d in some
                    if d.bad_at is None or d.bad_at >= worse.begins
                ]
                row.append(_spread_of(after))
        rows.append(row)
    names = ["begins", "50/min, 2x", "50/min, 5x", "2,000/min, 2x", "2,000/min, 5x"]
    title = "### Minutes to find what begins late or slowly (median / p95)"
    return f"{title}\n\n{_table(names, rows)}"


def _course(folder: Path) -> str:
    _say("a day")
    drawn = {}
    for name, changes in (
        ("healthy", {}),
        ("healthy, clustered", {"world": "clustered"}),
        ("2x after 12 h", {"ratio": 1.5, "begins": claims.LATE}),
    ):
        judging, line = Judge(), []
        for tick in stream(_FIFTY.at(requests=2_000, **changes), 4):
            judging.take(tick)
            if tick[0] > 0 and tick[0] % 10 == 0:
                line.append((float(tick[0]), min(max(judging.odds, 1e-3), 1e6)))
        drawn[name.replace("2x", "1.5x")] = line
    svg = plot.lines("The evidence over a day (bad at 100)", "minute", "e-value", drawn)
    (folder / "day.svg").write_text(svg, encoding="utf-8")
    return "### A day\n\n![day](judge/day.svg)"


def _spread_of(times: Sequence[int | None]) -> str:
    known = sorted(_NEVER if t is None else t for t in times)
    if not known:
        return "-"
    ends = known[len(known) // 2], known[min(int(len(known) * 0.95), len(known) - 1)]
    return " / ".join("never" if t == _NEVER else f"{t:.0f}" for t in ends)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(names)} |", "|" + " --- |" * len(names)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _say(what: str) -> None:
    sys.stderr.write(f"{what} ...\n")
