"""Line plots as SVG, small enough to read in a diff: a logarithmic height and a legend."""

from collections.abc import Mapping, Sequence
from math import floor, log10

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 360, 60, 30, 50
_COLOURS = ("#0b6e4f", "#c1292e", "#235789", "#f1a208", "#6a4c93", "#555555")
Line = Sequence[tuple[float, float]]


def lines(title: str, across: str, up: str, drawn: Mapping[str, Line]) -> str:
    """Return a plot of lines; heights are on a logarithmic scale and must be above zero."""
    points = [point for line in drawn.values() for point in line]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low = floor(log10(min(y for _, y in points)))
    high = floor(log10(max(y for _, y in points))) + 1
    plot = _Scale(left, right, low, high)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="18" font-size="14">{title}</text>',
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{across}</text>',
        f'<text x="14" y="{_HEIGHT / 2}" transform="rotate(-90 14 {_HEIGHT / 2})"'
        f' text-anchor="middle">{up}</text>',
    ]
    for power in range(low, high + 1):
        y = plot.y(10**power)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - 190}" stroke="#dddddd"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10**power:g}</text>'
        )
    for x in sorted({x for x, _ in points}) if len({x for x, _ in points}) < 9 else (left, right):
        words = f'<text x="{plot.x(x):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">'
        parts.append(f"{words}{x:g}</text>")
    for place, (name, line) in enumerate(drawn.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        path = "L".join(f"{plot.x(x):.1f} {plot.y(y):.1f}" for x, y in line)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = _TOP + 14 + 18 * place
        parts.append(f'<path d="M{_WIDTH - 180} {y - 4}h18" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{_WIDTH - 156}" y="{y}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Scale:
    def __init__(self, left: float, right: float, low: int, high: int) -> None:
        self._left, self._wide = left, (right - left) or 1
        self._low, self._tall = low, (high - low) or 1

    def x(self, value: float) -> float:
        return _LEFT + (value - self._left) / self._wide * (_WIDTH - 200 - _LEFT)

    def y(self, value: float) -> float:
        tall = _HEIGHT - _TOP - _BOTTOM
        return _TOP + tall * (1 - (log10(value) - self._low) / self._tall)
