"""`python -m bench`: print every claim as a ratio; exit 1 where a promised one does not hold."""

import sys

from bench import cold_start, deployed, simulator, storage
from bench.canary import claims
from bench.measure import Claim


def main() -> int:
    """Measure, print, and return the exit status."""
    found = [_show(cold_start.measure())]
    found += [_show(claim) for claim in simulator.measure()]
    found += [_show(claim) for claim in deployed.measure()]
    found += [_show(claim) for claim in claims.measure()]
    if storage.is_installed():
        from bench import idle_tick, intake, under_way

        with storage.azurite() as connection:
            found += [_show(claim) for claim in idle_tick.measure(connection)]
            found += [_show(claim) for claim in intake.measure(connection)]
        found.append(_show(under_way.measure()))
    else:
        print("Azurite is not installed, so nothing on storage was measured; run `make setup`")
    return 0 if all(claim.holds for claim in found) else 1


def _show(claim: Claim) -> Claim:
    print(f"{claim.ratio:6.2f}  {claim.name}{_promise(claim)}", flush=True)
    for line in claim.detail:
        print(f"        {line}", flush=True)
    return claim


def _promise(claim: Claim) -> str:
    if claim.at_most is None and claim.at_least is None:
        return ""
    bound = f"<= {claim.at_most}" if claim.at_most is not None else f">= {claim.at_least}"
    return f" (promised {bound}: {'holds' if claim.holds else 'MISSED'})"


if __name__ == "__main__":
    sys.exit(main())
