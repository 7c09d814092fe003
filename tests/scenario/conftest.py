"""One town for each test, on simulators of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.town import Town, a_town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Return a control plane on fresh simulators."""
    with a_town(tmp_path) as started:
        yield started
