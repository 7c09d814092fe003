"""How an answer is compared with the accepted one: `make golden` accepts, review reads."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXPECTED = Path(__file__).parent / "expected"


@pytest.fixture
def golden() -> Callable[[str, Any], None]:
    """Assert that a value is as it was accepted; with `UPDATE_GOLDEN=1` accept it."""

    def compare(name: str, value: Any) -> None:
        path = EXPECTED / f"{name}.json"
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if os.environ.get("UPDATE_GOLDEN") == "1":
            EXPECTED.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), "no answer was accepted yet; make golden"
        assert text == path.read_text(encoding="utf-8"), "read the diff; make golden accepts it"

    return compare
