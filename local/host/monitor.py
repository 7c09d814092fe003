"""What is remembered of a timer, so that a run missed while the host was down is noticed.

A status says when the timer last ran and when it is next due. It is written after each run, so a
crash in the middle of one is a missed run too. Whether a run was missed is decided at the start,
once, from the status and the schedule alone; a status that does not fit the schedule was written
by another schedule, and then nothing was missed.

The rules, and the blob's place and form, are those of the timer extension (`ScheduleMonitor.cs`,
`StorageScheduleMonitor.cs`).
"""

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local.host.ncrontab import Schedule, next_fire

CONTAINER = "azure-webjobs-hosts"
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is known of one timer. `last` None: it has not run under this schedule."""

    last: datetime | None
    next: datetime
    last_updated: datetime

    def document(self) -> dict[str, str]:
        """Return it as the function sees it and the blob keeps it."""
        return {
            "Last": (self.last or _NEVER).isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a timer stands at a start: its status, and whether a run was missed."""

    status: Status
    is_past_due: bool
    is_new: bool


def after_run(schedule: Schedule, ran: datetime) -> Status:
    """Return the status after a run that belongs to the instant `ran`."""
    return Status(last=ran, next=next_fire(schedule, ran), last_updated=ran)


def assess(recorded: Status | None, schedule: Schedule, *, now: datetime) -> Standing:
    """Say how a timer stands when the host starts at `now`."""
    if recorded is None:
        first = Status(last=None, next=next_fire(schedule, now), last_updated=now)
        return Standing(status=first, is_past_due=False, is_new=True)
    origin = recorded.last or recorded.last_updated
    expected = next_fire(schedule, origin)
    if recorded.next == expected:
        return Standing(status=recorded, is_past_due=now > recorded.next, is_new=False)
    if now > expected:
        origin, expected = now, next_fire(schedule, now)
    changed = Status(last=None, next=expected, last_updated=origin)
    return Standing(status=changed, is_past_due=False, is_new=True)


class StatusBlob:
    """The status of one timer, in the host's own storage."""

    def __init__(self, blobs: BlobServiceClient, *, host_id: str, function: str) -> None:
        """Name the blob; nothing is read yet."""
        self._blobs = blobs
        path = f"timers/{host_id}/Host.Functions.{function}/status"
        self._blob = blobs.get_blob_client(CONTAINER, path)

    def read(self) -> Status | None:
        """Return what was written last; None where nothing was, or nothing readable."""
        try:
            document = json.loads(self._blob.download_blob().readall())
            last, following, updated = (
                datetime.fromisoformat(document[name]) for name in ("Last", "Next", "LastUpdated")
            )
        except (ResourceNotFoundError, ValueError, KeyError, TypeError):
            return None
        return Status(last=None if last == _NEVER else last, next=following, last_updated=updated)

    def write(self, status: Status) -> None:
        """Replace what was written before; the container is made on demand."""
        text = json.dumps(status.document())
        try:
            self._blob.upload_blob(text, overwrite=True)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                self._blobs.create_container(CONTAINER)
            self._blob.upload_blob(text, overwrite=True)
