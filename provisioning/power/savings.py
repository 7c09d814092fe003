"""What sleep has saved, by a dated price sheet: hours asleep times what was off.

List prices, so an upper bound: under a reservation or a savings plan less is saved, or nothing.
What the sheet does not know is named, never guessed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from provisioning.azure.resources.app_service import ASLEEP
from provisioning.catalog import Prices
from provisioning.model import Environment


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What an environment's sleep has saved: hours, EUR, and the sizes without a price."""

    hours: float
    eur: float
    unknown: tuple[str, ...]


def saved(environment: Environment, prices: Prices, *, since: datetime, now: datetime) -> Saved:
    """Return what the environment's naps between two instants have saved."""
    hours, eur = 0.0, 0.0
    unknown: set[str] = set()
    for nap in environment.naps:
        began, ended = max(nap.began_at, since), min(nap.ended_at or now, now)
        length = max((ended - began).total_seconds(), 0.0) / 3600
        hours += length
        for size in nap.sizes.values():
            price = _price(json.loads(size), prices)
            if price is None:
                unknown.add(str(json.loads(size).get("size")))
            else:
                eur += length * price
    return Saved(hours=round(hours, 2), eur=round(eur, 2), unknown=tuple(sorted(unknown)))


def _price(was: Mapping[str, str], prices: Prices) -> float | None:
    """Return what an hour of the resource's sleep saves; None where nobody knows."""
    if was.get("size") == "container-app":
        return float(was["cores"]) * prices.core + float(was["gib"]) * prices.gib
    price = prices.hourly.get(str(was.get("size")))
    if price is None or "count" not in was:
        return price
    rest = prices.hourly.get(str(ASLEEP["name"]))  # a plan goes on as a small one
    return None if rest is None else max(price * int(was["count"]) - rest, 0.0)
