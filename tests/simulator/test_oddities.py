"""Whatever is sent, the simulator refuses or takes it, and never fails itself."""

import itertools
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from .kit import ACI, SCOPE, Azure, container, group_body, token

ODD: list[Any] = [None, 1, "x", [], {}, [1], [None], {"a": 1}, True]
RAW = [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"location":5}', b'{"tags":{"a":5}}']


def _full() -> dict[str, Any]:
    whole = container(
        livenessProbe={"httpGet": {"port": 80, "path": "/"}},
        readinessProbe={"exec": {"command": ["x"]}, "periodSeconds": 5},
        volumeMounts=[{"name": "vol-a", "mountPath": "/x"}],
        command=["x"],
    )
    body = group_body(
        containers=[whole],
        volumes=[{"name": "vol-a", "emptyDir": {}}],
        imageRegistryCredentials=[{"server": "a.io", "username": "u", "password": "p"}],
        initContainers=[{"name": "init", "properties": {"image": "x"}}],
    )
    return {**body, "identity": {"type": "SystemAssigned"}, "tags": {"a": "b"}}


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside: list[tuple[Any, Any]] = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        inside = list(enumerate(value))
    for key, one in inside:
        yield (*path, key)
        yield from _places(one, (*path, key))


def test_no_value_in_the_wrong_place_makes_it_fail(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.ContainerInstance/containerGroups/x"
    failures = []
    for place, odd in itertools.product(list(_places(_full())), ODD):
        body = deepcopy(_full())
        inside: Any = body
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = odd
        azure.clock.advance(4000)
        statuses = [azure.call("PUT", path, body, version=ACI).status_code]
        if statuses[0] == 201:
            azure.clock.advance(100)
            statuses.append(azure.call("GET", path, version=ACI).status_code)
            statuses.append(azure.call("DELETE", path, version=ACI).status_code)
        if max(statuses) >= 500:
            failures.append((place, odd, statuses))

    assert failures == []


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_no_body_makes_it_fail(azure: Azure, raw: bytes) -> None:
    group = azure.group()
    provider = f"{group}/providers/Microsoft"
    targets = [
        (group, "2025-04-01"),
        (f"{group}/providers/Microsoft.Resources/tags/default", "2025-04-01"),
        (f"{provider}.ContainerInstance/containerGroups/x", ACI),
        (f"{provider}.Network/virtualNetworks/net", "2024-05-01"),
        (f"{provider}.Authorization/locks/lock", "2016-09-01"),
        ("/providers/Microsoft.ResourceGraph/resources", "2022-10-01"),
    ]
    headers = {"authorization": f"Bearer {token()}"}

    statuses = [
        azure.session.request(
            method,
            f"{azure.running.base_url}{path}?api-version={version}",
            data=raw,
            headers=headers,
        ).status_code
        for method, (path, version) in itertools.product(("PUT", "PATCH", "POST"), targets)
    ]

    assert max(statuses) < 500


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"])
def test_no_path_makes_it_fail(azure: Azure, method: str) -> None:
    group = azure.group()
    aci = "providers/Microsoft.ContainerInstance"
    paths = [
        "/",
        "/providers",
        "/subscriptions/%00",
        f"{SCOPE}/{aci}/locations",
        f"{SCOPE}/{aci}/locations/westeurope/operations/none",
        f"{SCOPE}/operationresults/none",
        f"{SCOPE}/{aci}/containerGroups/at-the-subscription",
        f"{group}/providers",
        f"{group}/{aci}",
        f"{group}/{aci}/containerGroups/x/containers",
        f"{group}/{aci}/containerGroups/x/containers/y/logs",
        f"{group}/{aci}/containerGroups/x/restart",
        f"{group}/providers/Microsoft.Resources/tags",
        f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions",
    ]

    for path, version in itertools.product(paths, ("2025-04-01", ACI, "2022-04-01")):
        azure.clock.advance(10)
        answer = azure.call(method, path, {}, version=version)
        assert answer.status_code < 500, (path, answer.text)
