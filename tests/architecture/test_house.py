"""What holds of the tree as a whole: who imports whom is in `.importlinter`, the rest is here."""

import ast
import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning import runner
from provisioning.app import WORKFLOWS
from provisioning.settings import ROOT

DEPLOYED = [
    ROOT / "function_app.py",
    *sorted((ROOT / "provisioning").rglob("*.py")),
    *sorted((ROOT / "blueprints").rglob("*.py")),
]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_the_function_app_imports_only_blueprints():
    tree = ast.parse((ROOT / "function_app.py").read_text(encoding="utf-8"))

    imported = {
        alias.name if isinstance(node, ast.Import) else str(getattr(node, "module", ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert imported == {"azure.functions", "blueprints"}


@pytest.mark.parametrize("path", DEPLOYED, ids=name_of)
def test_what_is_deployed_knows_nothing_of_where_it_runs(path: Path):
    text = path.read_text(encoding="utf-8")

    assert re.search(r"\b(localhost|azurite|simulat\w+|local stack|pytest)\b", text, re.I) is None
    assert not re.search(r"^\s*(from|import) (local|tests)\b", text, re.M)


@pytest.mark.parametrize("workflow", sorted(WORKFLOWS))
def test_every_workflow_has_a_runbook_that_names_its_steps(workflow: str):
    heading = f"## Workflow `{workflow}`"
    assert heading in OPERATIONS
    runbook = OPERATIONS.split(heading)[1].split("\n## ")[0]

    assert [s.name for s in WORKFLOWS[workflow].steps if f"`{s.name}`" not in runbook] == []


def test_every_setting_stands_in_the_sample_and_in_the_documents():
    code = (ROOT / "provisioning" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"([A-Z][A-Z_]{5,})"', code)) | {"ControlStorage"}
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))
    documents = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert len(read) > 15
    assert read - set(sample["Values"]) == set()
    assert {name for name in read if f"`{name}`" not in documents} == set()


def test_every_error_code_is_explained():
    raised = re.compile(
        r'(?:TransientError|TerminalError|Fault)\(\s*"([a-z_]+)"'
        r'|one\(\s*\d+,\s*"([a-z_]+)"|code="([a-z_]+)"'
    )
    codes = {
        next(filter(None, found))
        for path in DEPLOYED
        for found in raised.findall(path.read_text(encoding="utf-8"))
    }

    assert len(codes) > 30
    assert {code for code in codes if f"| `{code}` |" not in OPERATIONS} == set()


def test_a_lock_outlives_the_longest_invocation():
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    longest = timedelta(hours=hours, minutes=minutes, seconds=seconds)

    assert longest + timedelta(minutes=1) == runner.LOCKED_FOR


def test_the_decision_records_are_numbered_and_listed():
    folder = ROOT / "docs" / "adr"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    index = (folder / "README.md").read_text(encoding="utf-8")

    assert [name[:4] for name in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    assert [name for name in records if name not in index] == []


def test_no_file_knows_a_developers_machine():
    files = tracked()
    if not files:
        pytest.skip("this is not a git checkout, so nothing says which files are ours")
    paths = re.compile(r"(?<![\w.~*])/(work|root|home)/\w")
    held = [
        name_of(path)
        for path in files
        if path.suffix in (".py", ".md", ".toml", ".txt", ".json", ".in", "")
        and path.name != "package-lock.json"
        and paths.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]

    assert held == []
