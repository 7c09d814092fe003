"""What is seen from outside, word by word: functions, ARM bodies, and the API's answers."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioning import ledger, views
from provisioning.app import WORKFLOWS
from provisioning.audit import Note, Record, commit, records
from provisioning.azure.resources.recovery import Store
from provisioning.backups.policy import Facts, assess
from provisioning.catalog import Catalog, Preview, Registry
from provisioning.environments import bodies, desired
from provisioning.github import sentences
from provisioning.intake import alerts, deliveries, people
from provisioning.intake.arrivals import State
from provisioning.model import (
    Answer,
    Approval,
    Arm,
    Backups,
    Bake,
    Condition,
    Environment,
    Grounds,
    Lease,
    Move,
    Phase,
    Release,
    ReleaseStatus,
    Resource,
    Ruling,
    Window,
)
from provisioning.operations import (
    Done,
    Failed,
    Operation,
    Retry,
    Waiting,
    advance,
    begin,
)
from provisioning.releases import telemetry
from provisioning.releases.ruling import rule
from provisioning.settings import ROOT
from provisioning.store.codec import to_plain, to_row
from provisioning.store.memory import MemoryTable
from tests.builders import SHA, START, a_pull_request, an_environment, the_catalog
from tests.property.services import services as memory_services
from tests.unit.builders import a_request

Golden = Callable[[str, Any], None]
KEY = b"a key that only tests derive from"
SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
REGISTRY = Registry(
    id=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared"
    "/providers/Microsoft.ContainerRegistry/registries/TesoroXP",
    repository="rewards-api",
)
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-tesoro-pr-7-rewards-api"
A_MINUTE = timedelta(minutes=1)


def a_preview(**given: Any) -> Environment:
    """Return a preview as it is while its operation runs."""
    usual = {
        "sha": SHA,
        "incarnation": 1,
        "generation": 1,
        "aim": f"up:{SHA}#1",
        "phase": Phase.CREATING,
        "operation": "op-00000000000000000000",
        "expires_at": START + timedelta(hours=72),
    }
    return an_environment(**(usual | given))


def a_ready_preview(**given: Any) -> Environment:
    """Return a preview that is up, with everything that a row can show."""
    usual = {
        "phase": Phase.READY,
        "operation": None,
        "settled": f"up:{SHA}#1",
        "url": "http://pr-7-rewards-api.abc.westeurope.azurecontainer.io:8080",
        "image": f"ghcr.io/tesoro/rewards-api:{SHA}",
        "ready_at": START + 4 * A_MINUTE,
        "changed_at": START + 4 * A_MINUTE,
        "lease": Lease(until=START + timedelta(hours=100), reason="a demo", by="ines"),
        "resources": (
            Resource(id=GROUP, type="Microsoft.Resources/resourceGroups", state="Succeeded"),
        ),
    }
    return a_preview(**(usual | given))


def container_group(preview: Preview, catalog: Catalog, login: Any = None) -> dict[str, Any]:
    """Return the container group's body."""
    return bodies.container_group(
        a_preview(),
        preview,
        catalog,
        identity=bodies.identity_id(
            SUBSCRIPTION, "rg-tesoro-pr-7-rewards-api", "pr-7-rewards-api"
        ),
        key=KEY,
        login=login,
    )


def the_preview(**given: Any) -> Preview:
    """Return what previews of rewards-api are made of."""
    found = the_catalog().preview_of("rewards-api")
    assert found is not None
    return replace(found, **given)


# Functions


@pytest.fixture(scope="session")
def functions() -> Any:
    """Every function, as the host is told of it."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.golden.inventory"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(told.stdout)


def test_the_functions_are_those_that_were_accepted(functions: Any, golden: Golden):
    golden("functions", functions)


def test_every_http_function_but_the_alerts_lets_everybody_in_and_judges_itself(functions: Any):
    levels = {f["name"]: f["authLevel"] for f in functions if f["type"] == "httpTrigger"}

    assert levels.pop("receive_alert") == "function"
    assert set(levels.values()) == {"anonymous"}


def test_every_queue_has_a_function_for_what_is_poisoned(functions: Any):
    queues = {f["queueName"] for f in functions if f["type"] == "queueTrigger"}

    poisoned = {q.removesuffix("-poison") for q in queues if q.endswith("-poison")}
    assert poisoned == {q for q in queues if not q.endswith("-poison")}
    assert poisoned == {"deliveries", "operations", "urgent"}


def test_the_runbooks_are_those_that_were_accepted(golden: Golden):
    golden(
        "workflows",
        {
            name: {
                "steps": {step.name: step.within.total_seconds() for step in workflow.steps},
                "begins": to_plain(workflow.begins),
                "fails": to_plain(workflow.fails),
                "urgent": workflow.urgent,
            }
            for name, workflow in WORKFLOWS.items()
        },
    )


# What ARM is sent


def test_the_container_group_of_a_public_image(golden: Golden):
    golden("container-group", container_group(the_preview(), the_catalog()))


def test_the_container_group_of_a_private_image(golden: Golden):
    login = ("ines", "a word that only tests know")

    golden("container-group-with-login", container_group(the_preview(), the_catalog(), login))


def test_the_container_group_of_an_image_in_azures_registry(golden: Golden):
    preview = the_preview(registry=REGISTRY, image="tesoroxp.azurecr.io/rewards-api:{sha}")

    golden("container-group-azure-registry", container_group(preview, the_catalog()))


def test_the_right_to_pull(golden: Golden):
    identity = bodies.identity_id(SUBSCRIPTION, "rg-tesoro-pr-7-rewards-api", "pr-7-rewards-api")

    golden(
        "pull-right",
        {
            "id": bodies.pull_right_id(REGISTRY.id, identity),
            "body": bodies.pull_right(SUBSCRIPTION, "00000000-principal", REGISTRY.repository),
        },
    )


def test_the_tags(golden: Golden):
    golden("tags", bodies.tags(a_preview(), the_catalog()))


# What the API answers


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        pytest.param("environment", a_ready_preview(), id="ready"),
        pytest.param(
            "environment-creating",
            a_preview(
                conditions=(
                    Condition(kind="ImagePending", message="waits for build", since=START),
                )
            ),
            id="creating",
        ),
        pytest.param(
            "environment-failed",
            a_preview(
                phase=Phase.FAILED,
                operation=None,
                log_tail="it fell over",
                conditions=(Condition(kind="Failed", message="it fell over", since=START),),
            ),
            id="failed",
        ),
        pytest.param(
            "environment-gone",
            a_preview(phase=Phase.GONE, operation=None, gone_at=START, expires_at=None),
            id="gone",
        ),
        pytest.param(
            "environment-orphaned",
            an_environment(phase=Phase.LEAKED, service="", pull_request=None, pushed_at=None),
            id="orphaned",
        ),
    ],
)
def test_an_environment(name: str, environment: Environment, golden: Golden):
    golden(name, views.environment(environment))


def test_a_verdict_on_backups(golden: Golden):
    table = MemoryTable()
    store = Store(
        id="/subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql/servers/sql/databases/app",
        type="Microsoft.Sql/servers/databases",
        name="sql/app",
        asleep=False,
        newest=START - timedelta(minutes=10),
        evidence="it is online; its log is backed up within 10 min",
        retention_days=7,
        oldest=START - timedelta(days=7),
        geo=True,
        redundancy="backup storage is Geo",
        replicas=None,
    )
    promise = the_catalog().environments["production"].promise
    finding = assess(Facts(environment="production", stores=(store,)), promise, now=START)
    row = Backups(
        name=ledger.backups_of("production"),
        environment="production",
        changed_at=START,
        checked_at=START,
        since=START - timedelta(hours=3),
        finding=finding,
    )
    table.insert(to_row(row, row.name, ledger.ROW))

    golden("backups", views.backups(memory_services(WORKFLOWS, table=table), "production"))


def an_operation(*outcomes: Any) -> Operation:
    """Return the operation that brings a preview up, after these outcomes, a minute each."""
    workflow = WORKFLOWS["preview.up"]
    wish = a_request(workflow=workflow.name, cause="delivery 1: the pull request is open")
    operation, now = begin(wish, workflow, generation=1, now=START), START
    for outcome in outcomes:
        now += A_MINUTE
        operation = advance(operation, workflow, outcome, now=now).operation
    return operation


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        pytest.param("operation-queued", an_operation(), id="queued"),
        pytest.param(
            "operation",
            an_operation(
                Done(reason="the image is built"),
                Retry(after=A_MINUTE, reason="busy"),
                Done(reason="made"),
                Waiting(look_after=A_MINUTE, reason="its identity is being made"),
            ),
            id="waiting",
        ),
        pytest.param(
            "operation-failed",
            an_operation(
                Done(reason="the image is built"), Failed(code="group_not_ours", reason="no tag")
            ),
            id="failed",
        ),
        pytest.param(
            "operation-succeeded",
            an_operation(*(Done(reason="done") for _ in WORKFLOWS["preview.up"].steps)),
            id="succeeded",
        ),
    ],
)
def test_an_operation(name: str, operation: Operation, golden: Golden):
    golden(name, views.operation(operation))


def test_an_operation_about_reports_is_shown_as_about_the_environment():
    operation = replace(an_operation(), target="report~pr-7-rewards-api")

    assert views.operation(operation)["environment"] == "pr-7-rewards-api"


def test_a_record_of_the_trail(golden: Golden):
    table, target = MemoryTable(), "pr-7-rewards-api"
    note = Note(event="requested", text="preview.up", cause="delivery 1", by="github")
    commit(table, target, (), [note, replace(note, event="step", data={"a": "ñ"})], now=START)

    found: list[Record] = list(records(table, target))

    golden("audit-records", [views.record(record) for record in found])


def test_a_decision(golden: Golden):
    grounds = Grounds(
        environment=an_environment(), at=START, expiry=timedelta(hours=72), retry=False
    )

    decision = desired.decide(grounds)[1]

    golden(
        "decision",
        {
            "action": decision.action,
            "because": decision.because,
            "inputs": dict(decision.inputs),
            "would_change": decision.would_change,
        },
    )


def test_a_dry_run(golden: Golden):
    plan = people.DryRun(
        environment="pr-7-rewards-api",
        workflow=None,
        because="it is as it should be",
        steps=(),
        hash="0" * 32,
    )

    golden("dry-run", views.dry_run(plan))


def test_a_delivery(golden: Golden):
    stored = deliveries.Stored(
        id="11111111-2222-11e3-8444-555555555555",
        event="pull_request",
        fingerprint="f",
        received_at=START,
        state=State.IGNORED,
        body=b"not shown",
        reason="nothing follows from pull_request edited",
    )

    golden("delivery", views.delivery(stored))


def a_release(**given: Any) -> Release:
    """Return a release whose second step bakes, judged a minute ago."""
    window = Window(
        since=START - 2 * A_MINUTE,
        until=START,
        baseline=Arm(
            revision="rewards-api--v1", requests=9000, failures=9, rows=900, newest=START
        ),
        canary=Arm(revision="rewards-api--v2", requests=3000, failures=3, rows=300, newest=START),
        most_errors=0.02,
        least_requests=200,
        fresh=5 * A_MINUTE,
    )
    bake = Bake(
        at=START,
        weights=(5, 25, 50),
        stage=1,
        staged_at=START - 2 * A_MINUTE,
        bake=10 * A_MINUTE,
        window=window,
    )
    ruling = rule(bake)
    usual: dict[str, Any] = {
        "name": "release~production~rewards-api",
        "id": "production.rewards-api.3",
        "number": 3,
        "environment": "production",
        "service": "rewards-api",
        "version": "v2",
        "strategy": "canary",
        "status": ReleaseStatus.PROGRESSING,
        "requested_by": "ines",
        "created_at": START - 20 * A_MINUTE,
        "changed_at": START,
        "baseline": "rewards-api--v1",
        "canary": "rewards-api--v2",
        "weight": 25,
        "stage": 1,
        "because": ruling.because,
        "operation": "op-00000000000000000000",
        "ruling": ruling,
        "exposed": True,
    }
    return Release(**(usual | given))


@pytest.mark.parametrize(
    ("name", "release"),
    [
        pytest.param("release", a_release(), id="progressing"),
        pytest.param(
            "release-held",
            a_release(
                status=ReleaseStatus.PAUSED,
                unverified="unverified alert x",
                ruling=Ruling(
                    at=START, move=Move.PAUSE, because="unverified alert x", weight=25, by="azure"
                ),
            ),
            id="held",
        ),
        pytest.param(
            "release-rolled-back",
            a_release(
                status=ReleaseStatus.ROLLED_BACK,
                weight=0,
                operation=None,
                finished_at=START,
                because="it failed, and its canary may have traffic",
            ),
            id="rolled back",
        ),
    ],
)
def test_a_release(name: str, release: Release, golden: Golden):
    golden(name, views.release(release))


def test_the_query_that_judges_a_release(golden: Golden):
    text = telemetry.query(
        "rewards-api",
        baseline="rewards-api--v1",
        canary="rewards-api--v2",
        baseline_version="v1",
        canary_version="v2",
    )

    golden("release-query", text.splitlines())


def test_an_alert(golden: Golden):
    stored = alerts.Stored(
        id="al-00000000000000000000",
        received_at=START,
        state=State.DONE,
        body=b"not shown",
        rule="too many failures",
        severity="Sev1",
        condition="Fired",
        resources=(f"{GROUP.lower()}/providers/microsoft.app/containerapps/rewards-api",),
        reason="production.rewards-api.3 is taken back by op-00000000000000000000",
        finished_at=START,
    )

    golden("alert", views.alert(stored))


# What GitHub is told


def test_the_comments(golden: Golden):
    shown = {
        "ready": a_ready_preview(),
        "creating": a_preview(),
        "deleting": a_preview(phase=Phase.DELETING),
        "gone": a_preview(
            phase=Phase.GONE, billed_since=START, gone_at=START + timedelta(hours=6, minutes=12)
        ),
        "ends soon": a_ready_preview(warned_of=a_ready_preview().expires_at),
        "of a fork": a_ready_preview(
            pull_request=a_pull_request(fork=True, sha="b" * 40),
            approval=Approval(sha=SHA, by="olu", at=START),
        ),
        "answered": a_ready_preview(
            answer=Answer(comment=5, to="olu", text="it lives until then", refused=False, at=START)
        ),
        "leaked": a_preview(phase=Phase.LEAKED),
        "failed": a_preview(
            phase=Phase.FAILED,
            conditions=(
                Condition(kind="Failed", message="quota of 10 cores is used up", since=START),
            ),
        ),
    }

    golden(
        "comments",
        {name: sentences.comment(found, hourly=0.1).splitlines() for name, found in shown.items()},
    )
