"""What goes wrong in Azure reaches the one who waits as a sentence that says what to do."""

from typing import Any

import pytest

from provisioning import views
from provisioning.model import Phase
from tests.scenario.pulls import MINUTE, NAME, ONE, at, build, push
from tests.town import Town

ROLE = {"status": 403, "code": "AuthorizationFailed", "message": "Not allowed."}
QUOTA = {"late": True, "code": "QuotaExceeded", "message": "The cores are used up."}
THROTTLE = {
    "status": 429,
    "code": "SubscriptionRequestsThrottled",
    "headers": {"Retry-After": "600"},
}


def _meet(town: Town, **fault: Any) -> None:
    town.fault(match={"method": "PUT", "path": "containergroups"}, times=100, **fault)
    push(town, "opened", ONE, at(9))
    build(town, ONE)
    town.pass_time(2 * MINUTE)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        pytest.param(ROLE, "give the control plane's identity the role", id="a fault"),
        pytest.param(
            QUOTA, "The cores are used up. To mend it: ask for more", id="a late failure"
        ),
    ],
)
def test_a_failure_says_how_to_mend_it(town: Town, fault: dict[str, Any], told: str) -> None:
    _meet(town, **fault)

    failed = town.environment(NAME)
    assert failed.phase is Phase.FAILED
    assert told in failed.conditions[0].message


def test_a_throttle_says_that_nothing_is_to_be_done(town: Town) -> None:
    _meet(town, **THROTTLE)

    assert town.environment(NAME).phase is Phase.CREATING
    under_way = views.find_operation(town.services, town.environment(NAME).operation or "")
    assert under_way is not None
    told = str(views.operation(under_way)["steps"])
    assert "Azure asks for fewer calls" in told
    assert "it goes on by itself" in told
