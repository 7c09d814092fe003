"""Operations, workflows and settings for tests: a field is said where the test is about it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from provisioning.model import Request
from provisioning.operations import Done, Operation, Outcome, Step, StepRecord, Workflow, begin
from tests.builders import START


def first(_: Any) -> Outcome:
    """Stand for a step; nobody runs it."""
    return Done(reason="first is done")


def second(_: Any) -> Outcome:
    """Stand for another step."""
    return Done(reason="second is done")


TEN_MINUTES = timedelta(minutes=10)


def a_workflow(**given: Any) -> Workflow[Any]:
    """Return a workflow of two steps, ten minutes each."""
    steps = (Step(first, within=TEN_MINUTES), Step(second, within=TEN_MINUTES))
    return replace(Workflow(name="two.steps", steps=steps), **given)


def a_request(**given: Any) -> Request:
    """Return a wish for the workflow of two steps."""
    wish = Request(
        workflow="two.steps",
        target="pr-7-rewards-api",
        cause="a test asks",
        key="generation 1",
        by="ines",
    )
    return replace(wish, **given)


def an_operation(**given: Any) -> Operation:
    """Return the operation of two steps, just begun."""
    return replace(begin(a_request(), a_workflow(), generation=1, now=START), **given)


def records(**given: Any) -> tuple[StepRecord, StepRecord]:
    """Return the two steps' records, the first as given."""
    return StepRecord(name="first", **given), StepRecord(name="second")


def an_environ(**given: str | None) -> dict[str, str]:
    """Return the least environment that makes valid settings; None leaves a variable out."""
    least: dict[str, str | None] = {
        "ControlStorage": "DefaultEndpointsProtocol=https;AccountName=tesoro;AccountKey=a2V5",
        "PUBLIC_URL": "https://control.example/",
        "AZURE_SUBSCRIPTION_ID": "11111111-2222-4333-8444-555555555555",
        "AZURE_TENANT_ID": "99999999-8888-4777-8666-555555555555",
        "GITHUB_APP_ID": "12345",
        "GITHUB_APP_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----",
        "GITHUB_WEBHOOK_SECRET": "a secret that only tests share",
        "ENTRA_AUDIENCE": "api://control",
        "ACTIONS_AUDIENCE": "control",
        "PREVIEW_KEY": "k" * 32,
    }
    return {name: value for name, value in (least | given).items() if value is not None}
