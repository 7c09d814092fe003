"""How hypothesis searches here: the same way each time, and without a clock.

`EXAMPLES=5000 pytest tests/property` searches longer.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    derandomize=True,
    max_examples=int(os.environ.get("EXAMPLES", "40")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("house")
