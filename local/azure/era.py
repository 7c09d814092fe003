"""The month of Azure that is shown: today's, but where a recording of another time is played."""

from contextvars import ContextVar

TODAY = "9999"
ERA: ContextVar[str] = ContextVar("era", default=TODAY)
