"""What is written for people keeps up with the code, in both directions."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from provisioning import settings
from provisioning.app import WORKFLOWS
from provisioning.settings import ROOT

DEPLOYED = sorted(
    p for part in ("provisioning", "blueprints") for p in (ROOT / part).rglob("*.py")
)
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SAMPLE: dict[str, str] = json.loads(
    (ROOT / "local.settings.sample.json").read_text(encoding="utf-8")
)["Values"]
OF_THE_HOST = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"}
WORDS_OF_ELSEWHERE = r"\b(localhost|azurite|simulator|local stack|test only|test-only)\b"


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    """Return every deployed module, parsed."""
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in DEPLOYED]


def calls(name: str) -> Iterator[ast.Call]:
    """Return every call of something with that name in what is deployed."""
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == name:
                yield node


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _text(node: ast.AST | None) -> str | None:
    found = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
    return found if isinstance(found, str) else None


# Settings


def variables() -> set[str]:
    """Return every variable that `settings.py` asks its reader for."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    (reading,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "_read"]
    found = set()
    for node in ast.walk(reading):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "take":
                first, *more = [_text(argument) for argument in node.args]
                named = [first, *more] if node.func.attr in ("secrets", "login") else [first]
                found |= {name for name in named if name is not None}
    return found


def parts_of_storage() -> set[str]:
    """Return the variables of an identity-based connection to storage."""
    parts = ("accountName", "blobServiceUri", "queueServiceUri", "tableServiceUri", "clientId")
    return {f"ControlStorage__{part}" for part in parts}


def documented() -> dict[str, str]:
    """Return every variable of the table in `docs/settings.md`, and whether it is secret."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| *(\S*) *\|$", SETTINGS, re.M)
    return {name: secret for name, secret in rows if "." not in name}


def test_there_are_settings_to_look_for():
    assert {"ControlStorage", "PREVIEW_KEY", "REGISTRY_PASSWORD"} <= variables()


def test_every_setting_is_explained_and_nothing_else_is():
    assert set(documented()) == variables() | parts_of_storage()


def test_every_setting_stands_in_the_sample_and_nothing_else_does():
    assert set(SAMPLE) - OF_THE_HOST - parts_of_storage() == variables()


def test_the_sample_makes_no_sense_outside_a_sample():
    real = re.compile(
        r"[A-Za-z0-9+]{24,}|(?!0{8}-0{4}-0{4}-0{4}-0{12})\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-"
    )
    names = {**SAMPLE, "ControlStorage": "", "AzureWebJobsStorage": ""}

    assert {name for name, value in names.items() if real.search(value)} == set()


@pytest.mark.parametrize("name", sorted(n for n, s in documented().items() if "yes" in s))
def test_a_secret_of_the_sample_is_none_or_says_how_to_get_one(name: str):
    value = SAMPLE[name]

    assert value in ("", "UseDevelopmentStorage=true") or " " in value


def test_every_secret_is_known_to_be_one():
    secret = {name for name, said in documented().items() if "yes" in said}

    assert secret >= {n for n in variables() if re.search(r"SECRET|PASSWORD|KEY|^Control", n)}


def test_only_the_settings_read_the_environment():
    readers = {
        path.name
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }

    assert readers == {"settings.py"}


# Codes


@cache
def codes() -> set[str]:
    """Return every code that an answer, an operation or a step may carry."""
    found: set[str | None] = set()
    for name, place in (("TransientError", 0), ("TerminalError", 0), ("Fault", 0), ("one", 1)):
        found |= {_text(c.args[place]) for c in calls(name) if len(c.args) > place}
    for name in ("Failed", "Retry", "stop", "end", "OperationError"):
        found |= {
            _text(word.value) for c in calls(name) for word in c.keywords if word.arg == "code"
        }
    found |= {f"{_text(c.args[1])}_unknown" for c in calls("_found")}
    return {code for code in found if code is not None}


def explained() -> set[str]:
    """Return every code of the table in `docs/operations.md`."""
    table = OPERATIONS.split("## Codes")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", table, re.M))


def test_there_are_codes_to_look_for():
    assert {"group_not_ours", "operation_unknown", "token_invalid", "poisoned"} <= codes()
    assert len(codes()) > 40


def test_every_code_is_explained():
    assert codes() - explained() == set()


def test_every_code_that_is_explained_is_still_in_use():
    words = {
        node.value
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert explained() - codes() - words == {"http_STATUS"}


def test_no_code_is_explained_twice():
    table = OPERATIONS.split("## Codes")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.M)

    assert len(listed) == len(set(listed))


# Runbooks


@pytest.mark.parametrize("workflow", sorted(WORKFLOWS))
def test_a_runbook_names_the_steps_in_their_order_and_no_others(workflow: str):
    runbook = OPERATIONS.split(f"## Workflow `{workflow}`")[1].split("\n## ")[0]
    steps = [step.name for step in WORKFLOWS[workflow].steps]

    listed = re.findall(r"^\| `(\w+)` \|", runbook, re.M) or re.findall(
        r"`(\w+_?\w*)` \(", runbook
    )

    assert listed == steps


@pytest.mark.parametrize("workflow", sorted(WORKFLOWS))
def test_a_runbook_says_how_long_a_step_may_take(workflow: str):
    runbook = OPERATIONS.split(f"## Workflow `{workflow}`")[1].split("\n## ")[0]

    for step in WORKFLOWS[workflow].steps:
        hours, minutes = divmod(round(step.within.total_seconds() / 60), 60)
        forms = {f"{hours * 60 + minutes} min", f"{hours} h", f"{hours // 24} days"}
        line = next(text for text in runbook.splitlines() if f"`{step.name}`" in text)

        assert any(re.search(rf"\b{form}\b", line) for form in forms), (step.name, forms)


def test_there_is_no_runbook_for_what_does_not_exist():
    assert set(re.findall(r"^## Workflow `(.+)`$", OPERATIONS, re.M)) == set(WORKFLOWS)


# Words


def test_what_is_deployed_speaks_of_nowhere_else():
    said = {
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in DEPLOYED
        for found in re.finditer(WORDS_OF_ELSEWHERE, path.read_text(encoding="utf-8"), re.I)
    }

    assert said == set()


def test_what_is_deployed_imports_nothing_of_the_stack_or_the_tests():
    imported: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            names: list[Any] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            imported |= {str(name).split(".")[0] for name in names}

    assert imported.isdisjoint({"local", "tests", "bench", "pytest", "hypothesis"})
