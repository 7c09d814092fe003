"""What a function may ask about its own call: the `context` parameter.

The shapes are the library's abstract classes; the values are the host's.
"""

import secrets
import threading
from dataclasses import dataclass

from azure.functions import _abc

from local.host import logs
from local.host.functions import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which try of a retry policy a call is, from 0."""

    number: int = 0
    most: int = 0


def trace_parent(incoming: str | None) -> str:
    """Return the W3C id of this host's part in a trace: the caller's trace, a span of our own."""
    match (incoming or "").split("-"):
        case ["00", given, _, _] if len(given) == 32:
            trace = given
        case _:
            trace = secrets.token_hex(16)
    return f"00-{trace}-{secrets.token_hex(8)}-00"


class Trace(_abc.TraceContext):
    """The W3C trace that a call belongs to; empty texts where there is none."""

    def __init__(self, parent: str, state: str) -> None:
        """Keep both headers as they are given."""
        self._parent = parent
        self._state = state

    @property
    def trace_parent(self) -> str:
        """The `traceparent` of this host's own span."""
        return self._parent

    @property
    def trace_state(self) -> str:
        """The `tracestate` as it came."""
        return self._state

    @property
    def attributes(self) -> dict[str, str]:
        """Nothing: they are filled in by telemetry, which there is none of."""
        return {}


class Retry(_abc.RetryContext):
    """Which attempt of a retry policy this is."""

    def __init__(self, attempt: Attempt) -> None:
        """Tell of `attempt`."""
        self._attempt = attempt

    @property
    def retry_count(self) -> int:
        """How many attempts there were before."""
        return self._attempt.number

    @property
    def max_retry_count(self) -> int:
        """How many there may be."""
        return self._attempt.most

    @property
    def exception(self) -> _abc.RpcException:
        """An empty exception: the host does not keep the last one."""
        return _abc.RpcException()  # type: ignore[abstract]


class InvocationContext(_abc.Context):
    """The context of one call."""

    def __init__(self, *, id: str, function: Function, trace: Trace, attempt: Attempt) -> None:
        """Tell of the call `id` of `function`."""
        self._id = id
        self._function = function
        self._trace = trace
        self._attempt = attempt

    @property
    def invocation_id(self) -> str:
        """The id, as it stands in the log."""
        return self._id

    @property
    def thread_local_storage(self) -> type[threading.local]:
        """Where a thread of one's own names its invocation, to keep its log lines."""
        # The library's annotation says a class; the worker gives the object, and so do we.
        return logs.THREAD  # type: ignore[return-value]

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._function.name

    @property
    def function_directory(self) -> str:
        """The folder of the file that defines it."""
        return str(self._function.indexed.directory)

    @property
    def trace_context(self) -> _abc.TraceContext:
        """The trace."""
        return self._trace

    @property
    def retry_context(self) -> _abc.RetryContext:
        """The attempt."""
        return Retry(self._attempt)
