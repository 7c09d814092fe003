"""One simulator over HTTPS for each test, and clients that trust it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from local.azure import inline
from local.azure.certificates import ensure_certificates
from tests.effort import unmeasured_threads

from .kit import ACI, KEYS, Azure, Maker, clients, group_body


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return ensure_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def azure(files: tuple[Path, Path, Path]) -> Iterator[Azure]:
    authority, chain, key = files
    session = requests.Session()
    session.verify = str(authority)
    session.trust_env = False
    with ExitStack() as simulator:
        with unmeasured_threads():
            running = simulator.enter_context(inline.running(keys=KEYS, tls=(chain, key)))
        arm, aci = clients(running.base_url, authority)
        with arm, aci, session:
            yield Azure(running=running, session=session, authority=authority, arm=arm, aci=aci)


@pytest.fixture
def made(azure: Azure) -> Maker:
    """Return a maker of container groups, finished unless told otherwise; it returns the path."""

    def make(name: str = "pr-7", *, wait: bool = True, **more: Any) -> str:
        path = f"{azure.group()}/providers/Microsoft.ContainerInstance/containerGroups/{name}"
        answer = azure.call("PUT", path, group_body(**more), version=ACI)
        assert answer.status_code == 201, answer.text
        if wait:
            azure.clock.advance(60)
        return path

    return make
