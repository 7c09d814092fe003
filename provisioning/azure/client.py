"""Azure Resource Manager through the official SDKs: one short call each, nothing waited for.

Authentication, paging and wire formats are the SDKs'; retries and waiting are the engine's, so
that no worker sleeps. Long-running calls are begun and not polled: `InProgress` says where to look
next, and the next look is a GET. Clients are built on first use, because importing them is slow.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from provisioning.azure.protocol import (
    Absent,
    Answer,
    InProgress,
    Ready,
    classify,
    error_of,
    seconds,
)
from provisioning.errors import TerminalError, TransientError
from provisioning.transport import transport

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.mgmt.containerinstance import ContainerInstanceManagementClient
    from azure.mgmt.resource.resources import ResourceManagementClient

T = TypeVar("T")

PATIENCE: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 20}  # seconds
_LOOK_AFTER = timedelta(seconds=10)
_NOWHERE = ("SubscriptionNotFound", "InvalidResourceType", "InvalidResourceNamespace")
_SCOPE = "https://management.azure.com/.default"


class Azure:
    """What the control plane asks of one subscription."""

    def __init__(
        self,
        subscription: str,
        endpoint: str,
        credential: "Callable[[], TokenCredential]",
        *,
        verify: str | bool = True,
        policies: Sequence[Any] = (),
    ) -> None:
        """Keep how to reach ARM.

        `verify` is what certificates are checked against, a file or the machine's own; `policies`
        are the SDK's, for every call to pass through.
        """
        self._subscription = subscription
        self._endpoint = endpoint.rstrip("/")
        self._make_credential = credential
        self._connection = {**PATIENCE, "connection_verify": verify}
        self._more_policies = policies

    # Resource groups

    def group(self, name: str) -> Answer:
        """Return the resource group as it is."""
        return _there(_ask(lambda: self._resources.resource_groups.get(name)))

    def put_group(self, name: str, location: str, tags: Mapping[str, str]) -> Answer:
        """Make the resource group, or set its tags."""
        body: Any = {"location": location, "tags": dict(tags)}
        return _there(_ask(lambda: self._resources.resource_groups.create_or_update(name, body)))

    def delete_group(self, name: str) -> Answer:
        """Begin to delete the group with everything in it; Absent where it is not there."""
        groups = self._resources.resource_groups
        return _outcome(_ask(lambda: groups.begin_delete(name, **_BEGIN)))

    def groups_tagged(self, tag: str, value: str | None = None) -> list[Mapping[str, Any]]:
        """Return the subscription's groups that carry the tag (with the value)."""
        condition = f"tagName eq '{_quoted(tag)}'"
        if value is not None:
            condition += f" and tagValue eq '{_quoted(value)}'"
        found = _ask(lambda: list(self._resources.resource_groups.list(filter=condition)))
        return [_plain(group) for group in found or []]

    # Any resource

    def resources_tagged(self, tag: str, value: str) -> list[Mapping[str, Any]]:
        """Return the subscription's resources that carry the tag with the value."""
        condition = f"tagName eq '{_quoted(tag)}' and tagValue eq '{_quoted(value)}'"
        found = _ask(lambda: list(self._resources.resources.list(filter=condition)))
        return [_plain(resource) for resource in found or []]

    def resource(self, identity: str, api_version: str) -> Answer:
        """Return the resource as its provider describes it."""
        resources = self._resources.resources
        return _there(_ask(lambda: resources.get_by_id(identity, api_version=api_version)))

    def put_resource(self, identity: str, api_version: str, body: Mapping[str, Any]) -> Answer:
        """Make the resource, or make it as `body` says."""
        resources, content = self._resources.resources, dict(body)
        return _outcome(
            _ask(
                lambda: resources.begin_create_or_update_by_id(
                    identity, content, api_version=api_version, **_BEGIN
                )
            )
        )

    def read(self, path: str, api_version: str, **query: str) -> Answer:
        """Return what a GET of `path` answers, whole: for `$expand`, or for no resource."""
        response = _ask(lambda: self._get(self._address(path, api_version, query)))
        return Absent() if response is None else Ready(_json(response) or {})

    def listing(self, path: str, api_version: str, **query: str) -> list[Mapping[str, Any]]:
        """Return every item of a collection, page by page; none where `path` is not there."""
        found: list[Mapping[str, Any]] = []
        address: str | None = self._address(path, api_version, query)
        while address:
            page = self._page(address)
            found += page.get("value") or []
            address = page.get("nextLink")
        return found

    def in_group(self, group: str) -> list[Mapping[str, Any]]:
        """Return the group's resources in brief: id, type, place, tags."""
        resources = self._resources.resources
        found = _ask(lambda: list(resources.list_by_resource_group(group)))
        return [_plain(resource) for resource in found or []]

    def patch_resource(self, identity: str, api_version: str, body: Mapping[str, Any]) -> Answer:
        """Change the named properties of the resource; Absent where it is not there.

        Sent as it is: the client's own method cannot read a 202 without a body, which is how
        Container Apps answer.
        """
        address = self._address(identity, api_version, {})
        response = _ask(lambda: self._send("PATCH", address, dict(body)))
        return Absent() if response is None else _meaning(response)

    def act(self, identity: str, action: str, api_version: str) -> Answer:
        """Have the resource do something (`start`, `stop`); Absent where it is not there."""
        response = _ask(
            lambda: self._send("POST", self._address(f"{identity}/{action}", api_version, {}))
        )
        return Absent() if response is None else _meaning(response)

    def delete_resource(self, identity: str, api_version: str) -> Answer:
        """Begin to delete the resource; Absent where it is not there."""
        resources = self._resources.resources
        return _outcome(
            _ask(lambda: resources.begin_delete_by_id(identity, api_version=api_version, **_BEGIN))
        )

    def merge_tags(self, scope: str, tags: Mapping[str, str]) -> Answer:
        """Set these tags of the resource or group at `scope`, and leave its others alone."""
        body: Any = {"operation": "Merge", "properties": {"tags": dict(tags)}}
        where = scope.lstrip("/")
        return _outcome(
            _ask(lambda: self._resources.tags.begin_update_at_scope(where, body, **_BEGIN))
        )

    # Container instances

    def container_group(self, group: str, name: str) -> Answer:
        """Return the container group, its containers' states included."""
        groups = self._containers.container_groups
        found = _ask(lambda: groups.get(group, name, cls=_response))
        return Absent() if found is None else Ready(_json(found) or {})

    def container_groups(self) -> list[Mapping[str, Any]]:
        """Return every container group of the subscription, as its provider lists them."""
        found = _ask(lambda: list(self._containers.container_groups.list()))
        return [group.as_dict() for group in found or []]

    def put_container_group(self, group: str, name: str, body: Mapping[str, Any]) -> Answer:
        """Begin to make the container group as `body` says."""
        groups: Any = self._containers.container_groups
        content = json.dumps(body).encode("utf-8")
        return _outcome(
            _ask(lambda: groups.begin_create_or_update(group, name, content, **_BEGIN))
        )

    def delete_container_group(self, group: str, name: str) -> Answer:
        """Begin to delete the container group; Absent where it is not there."""
        groups = self._containers.container_groups
        return _outcome(_ask(lambda: groups.begin_delete(group, name, **_BEGIN)))

    def container_log(self, group: str, name: str, container: str, *, lines: int) -> str:
        """Return the container's last log lines; empty where there is none."""
        containers = self._containers.containers
        logs = _ask(lambda: containers.list_logs(group, name, container, tail=lines))
        return "" if logs is None else str(logs.content or "")

    # Long-running work

    def look(self, address: str) -> Answer:
        """Look once at where ARM said that the outcome of begun work will be.

        Raises what the work failed with. An address on another host is refused, because our token
        would go there.
        """
        if _host(address) != _host(self._endpoint):
            raise TerminalError(
                "foreign_poll_url", f"ARM sent us to {_host(address)} for a result"
            )
        response = _ask(lambda: self._get(address))
        return Absent() if response is None else _polled(address, response)

    def _page(self, address: str) -> Mapping[str, Any]:
        if _host(address) != _host(self._endpoint):
            raise TerminalError("foreign_poll_url", f"ARM sent us to {_host(address)} for a page")
        response = _ask(lambda: self._get(address))
        return {} if response is None else _json(response) or {}

    def _address(self, path: str, api_version: str, query: Mapping[str, str]) -> str:
        words = urlencode({"api-version": api_version, **query}, quote_via=quote)
        return f"{self._endpoint}{quote(path)}?{words}"

    def _get(self, address: str) -> Any:
        return self._send("GET", address)

    def _send(self, method: str, address: str, body: Mapping[str, Any] | None = None) -> Any:
        from azure.core.rest import HttpRequest

        pipeline = self._resources._client
        response = pipeline.send_request(HttpRequest(method, address, json=body))
        response.raise_for_status()
        return response

    # Clients

    def close(self) -> None:
        """Give back the connections of the clients that were built."""
        for name in ("_resources", "_containers"):
            client = self.__dict__.pop(name, None)
            if client is not None:
                client.close()

    @cached_property
    def _resources(self) -> "ResourceManagementClient":
        from azure.mgmt.resource.resources import ResourceManagementClient

        return ResourceManagementClient(
            self._credential,
            self._subscription,
            base_url=self._endpoint,
            transport=transport(**self._connection),
            policies=self._policies(),
        )

    @cached_property
    def _containers(self) -> "ContainerInstanceManagementClient":
        from azure.mgmt.containerinstance import ContainerInstanceManagementClient

        return ContainerInstanceManagementClient(
            self._credential,
            self._subscription,
            base_url=self._endpoint,
            transport=transport(**self._connection),
            policies=self._policies(),
        )

    def _policies(self) -> list[Any]:
        """Return what a call passes through: who asks and in which words, and nothing that waits.

        The clients' own list would retry, follow redirects, and register a missing provider by
        sleeping until it is there; a step may do none of that.
        """
        from azure.core.pipeline import policies
        from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

        return [
            policies.RequestIdPolicy(),
            policies.HeadersPolicy(),
            policies.UserAgentPolicy(sdk_moniker="tesoro-xp-control-plane"),
            ARMChallengeAuthenticationPolicy(self._credential, _SCOPE),
            *self._more_policies,
            policies.ContentDecodePolicy(),
            policies.DistributedTracingPolicy(),
        ]

    @cached_property
    def _credential(self) -> "TokenCredential":
        return self._make_credential()


def _ask(call: Callable[[], T]) -> T | None:
    """Return what the SDK returns, None for a 404; raise every other failure as one of ours."""
    from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

    try:
        return call()
    except ResourceNotFoundError as error:
        code = error_of(_json(error.response))[0]
        if code in _NOWHERE:
            raise TerminalError(code, str(error.message)) from error
        return None
    except HttpResponseError as error:
        response: Any = error.response
        if response is None:  # no token could be had
            raise TransientError("unauthenticated", str(error.message)[:300]) from error
        if response.status_code == 404:
            return None
        code, message = error_of(_json(response))
        after = seconds(response.headers.get("Retry-After"))
        raise classify(response.status_code, code, message, retry_after=after) from error
    except AzureError as error:
        raise TransientError(
            "azure_unavailable", f"Azure did not answer: {type(error).__name__}"
        ) from error


def _response(pipeline_response: Any, _: Any, __: Any) -> Any:
    return pipeline_response.http_response


_BEGIN: dict[str, Any] = {"polling": False, "cls": _response}


def _there(found: Any) -> Answer:
    return Absent() if found is None else Ready(_plain(found))


def _outcome(begun: Any) -> Answer:
    """Return what the first answer of a long-running call means."""
    if begun is None:
        return Absent()
    return _meaning(begun.result())


def _meaning(response: Any) -> Answer:
    if response.status_code == 204:
        return Absent()
    headers = response.headers
    look_at = headers.get("Azure-AsyncOperation")
    if response.status_code == 202:  # on a 201 Location is the resource's own address
        look_at = look_at or headers.get("Location")
    if response.status_code == 202 or look_at:
        return InProgress(look_at, seconds(headers.get("Retry-After")) or _LOOK_AFTER)
    return Ready(_json(response) or {})


def _polled(address: str, response: Any) -> Answer:
    """Return what a look at begun work means: a status document, or the resource itself."""
    again = InProgress(address, seconds(response.headers.get("Retry-After")) or _LOOK_AFTER)
    if response.status_code == 202:
        return again
    body = _json(response)
    status = str(body.get("status", "")) if isinstance(body, Mapping) else ""
    if status in ("Failed", "Canceled", "Cancelled"):
        code, message = error_of(body)
        raise classify(409, code or status, message or f"the work ended {status}")
    if status and status != "Succeeded":
        return again
    return Ready(body if isinstance(body, Mapping) else {})


def _json(response: Any) -> Any:
    try:
        if hasattr(response, "read"):
            response.read()
        text = response.text() if callable(response.text) else response.text
        return json.loads(text) if text else None
    except (ValueError, TypeError, RuntimeError):
        return None


def _plain(model: Any) -> Mapping[str, Any]:
    return model.as_dict()  # type: ignore[no-any-return]


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port or 443}"
