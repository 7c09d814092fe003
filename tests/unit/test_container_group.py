"""How a container group is read."""

from typing import Any

import pytest

from provisioning.azure.resources.container_group import Standing, read, unhappy_container


def a_container(name: str = "service", state: str = "Running", **view: Any) -> dict[str, Any]:
    """Return a container as ARM shows it."""
    shown = {"currentState": {"state": state}, **view}
    return {"name": name, "properties": {"instanceView": shown}}


def a_group(
    *containers: dict[str, Any], provisioning: str = "Succeeded", state: str = "Running"
) -> dict[str, Any]:
    """Return a container group as ARM shows it."""
    return {
        "tags": {"tesoro-revision": "r1"},
        "properties": {
            "provisioningState": provisioning,
            "containers": list(containers),
            "instanceView": {"state": state},
            "ipAddress": {"fqdn": "pr-7.example"},
        },
    }


def a_warning(message: str) -> dict[str, Any]:
    """Return an event of a container."""
    return {"type": "Warning", "message": message}


def test_a_running_group_is_read_whole():
    found = read(a_group(a_container(), a_container("redis", "Waiting")))

    assert found.standing is Standing.RUNNING
    assert (found.fqdn, found.revision) == ("pr-7.example", "r1")
    assert found.states == {"service": "Running", "redis": "Waiting"}
    assert found.because == "the group is Running"


@pytest.mark.parametrize(
    ("group", "standing", "because"),
    [
        pytest.param(
            a_group(provisioning="Pending", state=""),
            Standing.MOVING,
            "provisioning is Pending",
            id="pending",
        ),
        pytest.param(
            a_group(provisioning="", state=""),
            Standing.MOVING,
            "provisioning is unknown",
            id="unknown",
        ),
        pytest.param(
            a_group(a_container(events=[a_warning("cannot pull")]), provisioning="Creating"),
            Standing.MOVING,
            "container service: cannot pull",
            id="moving with a complaint",
        ),
        pytest.param(
            a_group(provisioning="Failed"), Standing.FAILED, "provisioning is Failed", id="failed"
        ),
        pytest.param(
            a_group(
                a_container(events=[{"type": "Normal"}, a_warning("no image")]), state="Failed"
            ),
            Standing.FAILED,
            "container service: no image",
            id="failed with a complaint",
        ),
        pytest.param(a_group(state="Stopped"), Standing.ENDED, "the group is Stopped", id="ended"),
        pytest.param(
            a_group(state="Succeeded"), Standing.ENDED, "the group is Succeeded", id="ran out"
        ),
        pytest.param(a_group(state=""), Standing.RUNNING, "the group is running", id="no view"),
        pytest.param(
            a_group(a_container(restartCount=2)),
            Standing.RUNNING,
            "the group is Running",
            id="restarted twice",
        ),
        pytest.param(
            a_group(a_container(), a_container("redis", "Waiting", restartCount=3)),
            Standing.FAILED,
            "container redis restarted 3 times (Waiting)",
            id="restarts again and again",
        ),
        pytest.param(
            a_group(
                a_container(
                    restartCount=4,
                    currentState={"state": "Waiting", "detailStatus": "CrashLoopBackOff"},
                )
            ),
            Standing.FAILED,
            "container service restarted 4 times (CrashLoopBackOff)",
            id="with a detail",
        ),
        pytest.param(
            a_group(a_container(restartCount=4, currentState={})),
            Standing.FAILED,
            "container service restarted 4 times (unknown)",
            id="without a state",
        ),
    ],
)
def test_a_group_stands_as_its_parts_do(group: Any, standing: Standing, because: str):
    found = read(group)

    assert (found.standing, found.because) == (standing, because)


def test_a_group_of_which_nothing_is_known_yet_is_moving():
    found = read({})

    assert (found.standing, found.fqdn, found.revision) == (Standing.MOVING, None, None)
    assert found.states == {}


def test_nulls_are_nothing():
    bare = {"name": "service", "properties": {"instanceView": None}}
    group = {"tags": None, "properties": {"containers": [bare], "ipAddress": None}}
    group["properties"]["instanceView"] = None  # type: ignore[index]

    assert read(group).states == {"service": "unknown"}


@pytest.mark.parametrize(
    ("containers", "name"),
    [
        pytest.param([a_container(), a_container("redis")], None, id="all run"),
        pytest.param(
            [a_container("a", "Waiting"), a_container("b", "Terminated")], "b", id="one ended"
        ),
        pytest.param(
            [a_container("a", "Waiting"), a_container("b", restartCount=1)],
            "b",
            id="one restarted",
        ),
        pytest.param([a_container("a"), a_container("b", "Waiting")], "b", id="one waits"),
        pytest.param([], None, id="none"),
    ],
)
def test_the_container_to_look_at_is_the_one_that_fell(containers: Any, name: str | None):
    assert unhappy_container(a_group(*containers)) == name


def test_a_long_complaint_is_cut():
    group = a_group(a_container(events=[a_warning("x" * 999)]), provisioning="Failed")

    assert len(read(group).because) == 400
