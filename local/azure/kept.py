"""How records are kept in the journal: as JSON, and read back as what they were."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from local.azure.arm import Json
from local.azure.table import Lro

_TIMES = ("created", "changed", "started", "due")


def write(record: Any) -> Json:
    """Return a record as JSON can hold it; what is in it is shared, so it is written at once."""
    found = {item.name: getattr(record, item.name) for item in fields(record)}
    return {name: _plainly(value) for name, value in found.items()}


def _plainly(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case Lro():
            return asdict(value)
    return value


def read(kind: Any, row: Json) -> Any:
    """Return the record of a kind that a row was written from."""
    found: Json = {k: datetime.fromisoformat(v) if k in _TIMES else v for k, v in row.items()}
    if "how" in found:
        found["how"] = Lro(**found["how"])
    return kind(**found)
