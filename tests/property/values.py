"""Values of every kind that rows hold, as hypothesis builds them."""

import types
import typing
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import strategies as st

from provisioning import audit, ledger, runner
from provisioning.environments.admission import Place
from provisioning.github import sentences
from provisioning.intake import alerts, deliveries, timers
from provisioning.intake.arrivals import State
from provisioning.model import (
    Arm,
    Backups,
    Bake,
    Condition,
    Decision,
    Environment,
    Finding,
    Hours,
    Kept,
    Kind,
    Lease,
    Mode,
    Move,
    Nap,
    Phase,
    PullRequest,
    RaisedAlert,
    Release,
    ReleaseStatus,
    Reports,
    Request,
    Resource,
    Ruling,
    Standing,
    Window,
)
from provisioning.operations import (
    Done,
    Failed,
    Operation,
    OperationError,
    Outcome,
    Retry,
    Status,
    StepRecord,
    StepState,
    Waiting,
)
from tests.builders import REPOSITORY, REPOSITORY_ID

INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
TEXTS = st.text(max_size=40)
WORDS = st.dictionaries(TEXTS, TEXTS, max_size=3)
NUMBERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
SHAS = st.sampled_from(["a" * 40, "b" * 40, "c" * 40])

_OWN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: NUMBERS,
    bool: st.booleans(),
    float: st.floats(min_value=0, max_value=1),
    bytes: st.binary(max_size=40),
    datetime: INSTANTS,
    timedelta: st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)),
}
for _kind in (
    Kind,
    Mode,
    Move,
    Phase,
    ReleaseStatus,
    Standing,
    Status,
    StepState,
    sentences.Reaction,
    sentences.State,
    State,
):
    _OWN[_kind] = st.sampled_from(list(_kind))
_LEAVES = st.builds(
    Finding,
    name=TEXTS,
    standing=_OWN[Standing],
    because=TEXTS,
    figures=WORDS,
    parts=st.just(()),
)
_OWN[Finding] = st.builds(
    Finding,
    name=TEXTS,
    standing=_OWN[Standing],
    because=TEXTS,
    figures=WORDS,
    parts=st.lists(_LEAVES, max_size=2).map(tuple),
)

PARTS: tuple[type, ...] = (
    Arm,
    Bake,
    Condition,
    Finding,
    Hours,
    Kept,
    Lease,
    Nap,
    OperationError,
    Place,
    PullRequest,
    Resource,
    StepRecord,
    Window,
)
ROWS: tuple[type, ...] = (
    Environment,
    Reports,
    Release,
    Backups,
    RaisedAlert,
    Operation,
    Request,
    Decision,
    Ruling,
    alerts.Stored,
    audit.Record,
    audit.Head,
    deliveries.Stored,
    deliveries.Seen,
    timers.Run,
    runner.Lock,
    ledger.AgendaEntry,
    sentences.Report,
)


def a_value(kind: type) -> st.SearchStrategy[Any]:
    """Return values of a row's type, each field anything that its type allows."""
    return st.builds(
        kind, **{name: _of(hint) for name, hint in typing.get_type_hints(kind).items()}
    )


def _of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _OWN:
        return _OWN[hint]
    if is_dataclass(hint):
        return a_value(cast(type, hint))
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(st.none() if p is types.NoneType else _of(p) for p in parts))
    if origin is tuple:
        return st.lists(_of(parts[0]), max_size=3).map(tuple)
    return WORDS  # a mapping of text


def outcomes() -> st.SearchStrategy[Outcome]:
    """Return every outcome that a step may have."""
    durations = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1))
    return st.one_of(
        st.builds(Done, reason=TEXTS, sets=st.just({}), values=WORDS, then=st.just(())),
        st.builds(
            Waiting, look_after=durations, reason=TEXTS, token=st.none() | TEXTS, sets=st.just({})
        ),
        st.builds(Retry, after=durations, reason=TEXTS, code=TEXTS, unexpected=st.booleans()),
        st.builds(Failed, code=TEXTS, reason=TEXTS, sets=st.just({})),
    )


def facts(*, is_open: bool | None = None, fork: bool | None = None) -> st.SearchStrategy[Any]:
    """Return what GitHub may say about one pull request of ours."""
    return st.builds(
        PullRequest,
        repository_id=st.just(REPOSITORY_ID),
        repository=st.just(REPOSITORY),
        number=st.just(7),
        open=st.booleans() if is_open is None else st.just(is_open),
        sha=SHAS,
        author=st.just("ines"),
        fork=st.booleans() if fork is None else st.just(fork),
        updated_at=INSTANTS,
        labelled=st.booleans(),
    )
