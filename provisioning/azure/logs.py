"""Log Analytics through azure-monitor-query: one short query each, and what its answer means.

A query that comes back in part is no answer: the rows that are missing may be the ones that count.
https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from provisioning.azure.protocol import classify, error_of, seconds
from provisioning.errors import TransientError
from provisioning.transport import transport

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.monitor.query import LogsQueryClient

PATIENCE: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 30}  # seconds
_AUDIENCE = "https://api.loganalytics.io"


class Logs:
    """What the control plane asks of its environments' workspaces."""

    def __init__(
        self,
        endpoint: str,
        credential: "Callable[[], TokenCredential]",
        *,
        verify: str | bool = True,
        policies: Sequence[Any] = (),
    ) -> None:
        """Keep how to reach Log Analytics; `policies` are the SDK's, for every call to pass."""
        self._endpoint = endpoint
        self._make_credential = credential
        self._connection = {**PATIENCE, "connection_verify": verify}
        self._more_policies = policies

    def query(
        self, workspace: str, text: str, *, since: datetime, until: datetime
    ) -> list[Mapping[str, Any]]:
        """Return the rows of a KQL query on the workspace with that resource id.

        Raises TransientError where the answer is partial or there is none, TerminalError where the
        query or the right to ask it is at fault.
        """
        from azure.core.exceptions import AzureError, HttpResponseError
        from azure.monitor.query import LogsQueryStatus

        try:
            found = self._client.query_resource(workspace, text, timespan=(since, until))
        except HttpResponseError as error:
            response: Any = error.response
            if response is None:  # no token could be had
                raise TransientError("unauthenticated", str(error.message)[:300]) from error
            code, message = error_of(_json(response))
            after = seconds(response.headers.get("Retry-After"))
            raise classify(response.status_code, code, message, retry_after=after) from error
        except AzureError as error:
            raise TransientError(
                "azure_unavailable", f"Log Analytics did not answer: {type(error).__name__}"
            ) from error
        if found.status != LogsQueryStatus.SUCCESS:
            raise TransientError("azure_unavailable", "Log Analytics answered a part of the query")
        tables: Any = found.tables
        return [dict(zip(t.columns, row, strict=True)) for t in tables for row in t.rows]

    def close(self) -> None:
        """Give back the connections of the client, if it was built."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    @cached_property
    def _client(self) -> "LogsQueryClient":
        from azure.monitor.query import LogsQueryClient

        return LogsQueryClient(
            self._make_credential(),
            endpoint=self._endpoint,
            audience=_AUDIENCE,
            transport=transport(**self._connection),
            retry_total=0,
            redirect_max=0,
            per_call_policies=list(self._more_policies),
        )


def _json(response: Any) -> Any:
    try:
        return response.json()
    except (ValueError, TypeError, RuntimeError):
        return None
