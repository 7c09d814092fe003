"""Most minutes nothing is due: what does a tick cost then, in reads of one row?

Twice: with no preview at all, and with twenty at rest. Each listed environment is read each
minute, so the second grows with the number of previews (docs/critiques.md).
"""

from dataclasses import replace
from datetime import timedelta

from azure.data.tables import TableServiceClient

from bench.measure import Claim, alternate, seconds
from bench.plane import services
from provisioning import ledger
from provisioning.intake import timers
from provisioning.model import Environment, Kind, Phase, PullRequest
from provisioning.services import Services
from provisioning.store.codec import to_row

_PREVIEWS = 20
_ROUNDS = 41


def measure(storage: str) -> list[Claim]:
    """Return the time of an idle tick over that of reading one row with the SDK alone."""
    plane = services(storage)
    table = TableServiceClient.from_connection_string(storage).get_table_client("environments")
    timers.run(plane, "tick")

    def read() -> float:
        return seconds(lambda: table.get_entity(*ledger.timer_key("tick")))

    def tick() -> float:
        return seconds(lambda: timers.run(plane, "tick"))

    claims = []
    for previews in (0, _PREVIEWS):
        for number in range(1, previews + 1):
            _put(plane, number)
        turn, one = alternate(tick, read, rounds=_ROUNDS)
        if ledger.plane(plane.table).agenda:
            raise RuntimeError("the previews were not at rest: the tick had work")
        claims.append(
            Claim(
                name=f"an idle tick with {previews} previews / a read of one row",
                ratio=turn / one,
                detail=(f"{turn * 1e3:.1f} ms / {one * 1e3:.1f} ms, medians of {_ROUNDS}",),
            )
        )
    return claims


def _put(plane: Services, number: int) -> None:
    """Store a preview that is as it should be."""
    now = plane.clock.now()
    name = f"pr-{number}-rewards-api"
    ready = Environment(
        name=name,
        kind=Kind.PREVIEW,
        service="rewards-api",
        owner="bench",
        created_at=now,
        changed_at=now,
        phase=Phase.READY,
        generation=1,
        incarnation=1,
        pushed_at=now,
        pull_request=PullRequest(
            repository_id=1296269,
            repository="tesoro/rewards-api",
            number=number,
            open=True,
            sha=f"{number:040x}",
            author="bench",
            fork=False,
            updated_at=now,
        ),
        sha=f"{number:040x}",
        tagged_until=(now + timedelta(hours=72)).replace(microsecond=0),  # as a tag holds it
        expires_at=now + timedelta(hours=72),
    )
    aim = f"up:{number:040x}#1"
    ledger.enter_index(plane.table, name)
    plane.table.insert(to_row(replace(ready, aim=aim, settled=aim), name, ledger.ROW))
