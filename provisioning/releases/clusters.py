"""How errors come in clusters: learned from the baseline, before the canary is judged by it."""

from math import sqrt

# What is supposed of clusters before any error was seen, and as errors of how much evidence.
_CLUSTER, _SUPPOSED = 20.0, 1.0
_TAIL = 1.4  # how much larger the clusters that count are than the index of dispersion
_DOUBT = 3.0  # how much larger still, by the error of estimating it from few clusters
_NOISE = 3.0  # standard errors by which an index of dispersion may exceed 1 without clusters
_FEW = 60  # minutes under which chance may hide clusters altogether
_FAR = 40.0  # by how much at most
_BLOCK = 10  # minutes of the longer scale on which clusters are looked for


class Clusters:
    """How errors cluster in the baseline: its index of dispersion, minute by minute.

    Neighbouring minutes are compared, so that a rate that drifts is not taken for clusters; and
    blocks of minutes, so that a cluster that lasts is seen.
    """

    __slots__ = ("blocks", "errors", "minutes", "now", "spread", "wide_errors", "wide_spread")

    def __init__(self) -> None:
        """Suppose what is supposed before any error was seen."""
        self.spread, self.errors, self.minutes = _CLUSTER * _SUPPOSED, _SUPPOSED, 0
        self.wide_spread = self.wide_errors = 0.0
        self.blocks = 0
        # The last minute's requests and errors; the last block's; this block's, and its minutes.
        self.now = [0.0] * 7

    def learn(self, requests: float, errors: float) -> None:
        """Take one minute of the baseline."""
        if requests <= 0:
            return
        now = self.now
        if now[0] > 0:
            apart = errors * now[0] - now[1] * requests
            self.spread += apart * apart / (2 * requests * now[0])
            self.errors += (errors + now[1]) / 2
            self.minutes += 1
        now[0], now[1] = requests, errors
        now[4] += requests
        now[5] += errors
        now[6] += 1
        if now[6] >= _BLOCK:
            if now[2] > 0:
                apart = now[5] * now[2] - now[3] * now[4]
                self.wide_spread += apart * apart / (2 * now[4] * now[2])
                self.wide_errors += (now[5] + now[3]) / 2
                self.blocks += 1
            now[2:] = [now[4], now[5], 0.0, 0.0, 0.0]

    def size(self) -> float:
        """Return the size of cluster to reckon with; 1 where errors are independent."""
        index = self.spread / self.errors
        if self.blocks > 1 and self.wide_errors > 0:
            certain = 1 + 2.5 * sqrt(2 / self.blocks)
            index = max(index, self.wide_spread / self.wide_errors / certain)
        if self.minutes < _FEW:
            return max(self._usual(index), 1 + _TAIL * (max(index, 1.0) * self._at_most() - 1))
        return self._usual(index)

    def _at_most(self) -> float:
        """Return by how much so few minutes may have understated the index, but 1 in 1,000.

        The quantile of chi-square over its degrees of freedom (Wilson and Hilferty).
        """
        share = 2 / (9 * max(self.minutes, 1))
        low = (1 - share - 3.09 * sqrt(share)) ** 3
        return min(1 / low, _FAR) if low > 0 else _FAR

    def _usual(self, index: float) -> float:
        """Return the size where enough minutes were seen."""
        excess = index - 1 - _NOISE * sqrt(2 / (self.minutes + 1) + 1 / self.errors)
        if excess <= 0:
            return 1.0
        return 1 + _TAIL * excess * (1 + _DOUBT * sqrt(index / self.errors))
