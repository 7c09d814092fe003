"""What others see of us, whole: functions, ARM bodies, answers. `make golden` accepts a change."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioning import views
from provisioning.app import WORKFLOWS
from provisioning.catalog import Registry
from provisioning.environments import bodies
from provisioning.environments.desired import UP
from provisioning.model import Phase, Request, Resource
from provisioning.operations import Done, Waiting, advance, begin
from provisioning.settings import ROOT
from tests.builders import SHA, START, an_environment, the_catalog

EXPECTED = Path(__file__).parent / "expected"
SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
LIST_FUNCTIONS = """
import json, function_app
print(json.dumps({
    f.get_function_name(): json.loads(json.dumps(f.get_trigger().get_dict_repr(), default=str))
    for f in function_app.app.get_functions()
}))
"""


def the_functions() -> Any:
    """Return every function with its trigger; in a process of its own: they can be listed once."""
    listed = subprocess.run(
        [sys.executable, "-c", LIST_FUNCTIONS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(listed.stdout)


def a_ready_environment() -> Any:
    return an_environment(
        phase=Phase.READY,
        generation=1,
        incarnation=1,
        sha=SHA,
        image=f"ghcr.io/tesoro/rewards-api:{SHA}",
        url="http://preview.example",
        expires_at=START,
        resources=(Resource(id="/subscriptions/s/g", type="T", state="Succeeded"),),
    )


def a_container_group(*, registry: bool) -> Any:
    catalog = the_catalog()
    preview = catalog.services["rewards-api"].preview
    assert preview is not None
    if registry:
        where = (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shared"
            "/providers/Microsoft.ContainerRegistry/registries/tesoroxp"
        )
        preview = replace(preview, registry=Registry(id=where, repository="tesoro/rewards-api"))
    return bodies.container_group(
        a_ready_environment(),
        preview,
        catalog,
        identity=bodies.identity_id(
            SUBSCRIPTION, "rg-tesoro-pr-7-rewards-api", "pr-7-rewards-api"
        ),
        key=b"k" * 32,
        login=None,
    )


def an_operation_under_way() -> Any:
    wish = Request(workflow=UP, target="pr-7-rewards-api", cause="a push", key="1", by="github")
    workflow = WORKFLOWS[UP]
    first = begin(wish, workflow, generation=1, now=START)
    built = advance(first, workflow, Done(reason="it is built"), now=START).operation
    waiting = Waiting(look_after=START - START, reason="being made")
    return views.operation(advance(built, workflow, waiting, now=START).operation)


SEEN = {
    "functions": the_functions,
    "container-group": lambda: a_container_group(registry=False),
    "container-group-azure-registry": lambda: a_container_group(registry=True),
    "pull-right": lambda: bodies.pull_right(SUBSCRIPTION, "principal", "tesoro/rewards-api"),
    "environment": lambda: views.environment(a_ready_environment()),
    "operation": an_operation_under_way,
}


@pytest.mark.parametrize("name", sorted(SEEN))
def test_what_others_see_is_as_it_was(name: str):
    path = EXPECTED / f"{name}.json"
    found = json.dumps(SEEN[name](), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")

    assert path.is_file(), "no answer was accepted yet; make golden"
    assert found == path.read_text(encoding="utf-8"), "read the diff; make golden accepts it"
