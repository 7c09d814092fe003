"""How hypothesis searches here: the same way each time, and without a clock.

`TESTS=thorough` searches longer (`tests/effort.py`), `EXAMPLES=5000 pytest tests/property` as long
as is asked.
"""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.effort import IS_THOROUGH

settings.register_profile(
    "house",
    derandomize=True,
    max_examples=int(os.environ.get("EXAMPLES", "400" if IS_THOROUGH else "40")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("house")


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call() -> Iterator[None]:
    """Run these tests unmeasured: each goes the same ways some hundred times.

    What they hold is held for every way; which ways there are is measured by the other tests.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)
