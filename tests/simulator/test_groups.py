"""Resource groups: made, listed, locked, deleted slowly, failing late."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from .kit import ACI, SCOPE, Azure, Maker, code, group_body


def test_the_sdk_makes_a_group_once_and_updates_it_after(azure: Azure) -> None:
    created = azure.call("PUT", f"{SCOPE}/resourcegroups/rg", {"location": "West Europe"})
    again = azure.arm.resource_groups.create_or_update("RG", {"location": "westeurope"})

    assert (created.status_code, created.json()["location"]) == (201, "westeurope")
    assert (again.name, again.type) == ("rg", "Microsoft.Resources/resourceGroups")
    assert azure.arm.resource_groups.check_existence("rg")
    assert not azure.arm.resource_groups.check_existence("none")


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        pytest.param("rg", {}, (400, "LocationRequired"), id="no place"),
        pytest.param(
            "rg",
            {"location": "atlantis"},
            (400, "LocationNotAvailableForResourceGroup"),
            id="unknown place",
        ),
        pytest.param("rg", {"location": "no-where"}, (400, "InvalidResourceLocation"), id="odd"),
        pytest.param("rg.", {"location": "westeurope"}, (400, "InvalidResourceGroup"), id="dot"),
        pytest.param("r*g", {"location": "westeurope"}, (400, "InvalidResourceGroup"), id="star"),
        pytest.param(
            "rg",
            {"location": "westeurope", "sku": {}},
            (400, "InvalidRequestContent"),
            id="unknown member",
        ),
    ],
)
def test_a_group_that_azure_refuses_is_refused(
    azure: Azure, name: str, body: dict[str, object], expected: tuple[int, str]
) -> None:
    answer = azure.call("PUT", f"{SCOPE}/resourceGroups/{name}", body)

    assert code(answer) == expected
    assert answer.headers["x-ms-failure-cause"] == "gateway"


def test_a_group_never_moves(azure: Azure) -> None:
    path = azure.group(place="westeurope")

    answer = azure.call("PUT", path, {"location": "northeurope"})

    assert code(answer) == (409, "InvalidResourceGroupLocation")


def test_groups_are_listed_by_tag_and_in_pages(azure: Azure) -> None:
    for number in range(3):
        tags = {"kind": "preview" if number else "other"}
        body = {"location": "westeurope", "tags": tags}
        azure.arm.resource_groups.create_or_update(f"rg-{number}", body)

    listed = azure.arm.resource_groups.list(filter="tagName eq 'kind' and tagValue eq 'preview'")
    paged = azure.arm.resource_groups.list(top=2)
    bad = azure.call("GET", f"{SCOPE}/resourcegroups?$filter=name eq 'rg-1'")

    assert [group.name for group in listed] == ["rg-1", "rg-2"]
    assert [len(list(page)) for page in paged.by_page()] == [2, 1]
    assert code(bad) == (400, "InvalidFilterInQueryString")


def test_a_group_is_deleted_with_what_is_in_it_and_no_sooner(azure: Azure, made: Maker) -> None:
    path = made()
    accepted = azure.call("DELETE", f"{SCOPE}/resourceGroups/rg")
    poll = accepted.headers["location"]
    azure.clock.advance(16)
    early = azure.call("GET", poll)
    deleting = azure.call("GET", f"{SCOPE}/resourceGroups/rg").json()
    azure.clock.advance(10)

    assert (accepted.status_code, accepted.headers["retry-after"]) == (202, "15")
    assert poll.startswith(azure.running.base_url)
    assert early.status_code == 202
    assert deleting["properties"]["provisioningState"] == "Deleting"
    assert azure.call("GET", poll).status_code == 200
    assert code(azure.call("GET", path, version=ACI)) == (404, "ResourceGroupNotFound")
    with pytest.raises(ResourceNotFoundError):
        azure.arm.resource_groups.get("rg")


def test_a_deletion_asked_twice_is_one_job(azure: Azure) -> None:
    path = azure.group()

    first, second = azure.call("DELETE", path), azure.call("DELETE", path)

    assert second.status_code == 202
    assert first.headers["location"] == second.headers["location"]


def test_nothing_is_written_into_a_group_on_its_way_out(azure: Azure) -> None:
    path = azure.group()
    azure.call("DELETE", path)

    into = f"{path}/providers/Microsoft.ContainerInstance/containerGroups/pr-7"
    written = azure.call("PUT", into, group_body(), version=ACI)

    assert code(written) == (409, "ResourceGroupBeingDeleted")
    assert code(azure.call("PUT", path, {"location": "westeurope"})) == (
        409,
        "ResourceGroupBeingDeleted",
    )


def test_a_lock_below_stops_the_deletion_of_a_group(azure: Azure, made: Maker) -> None:
    path = made()
    lock = f"{path}/providers/Microsoft.Authorization/locks/keep"
    put = azure.call("PUT", lock, {"properties": {"level": "CanNotDelete"}}, version="2016-09-01")

    group = azure.call("DELETE", f"{SCOPE}/resourceGroups/rg")
    item = azure.call("DELETE", path, version=ACI)
    azure.call("DELETE", lock, version="2016-09-01")

    assert put.status_code == 201
    assert code(group) == code(item) == (409, "ScopeLocked")
    assert azure.call("DELETE", path, version=ACI).status_code == 200


def test_a_read_only_lock_above_stops_writes(azure: Azure, made: Maker) -> None:
    path = made()
    lock = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.Authorization/locks/frozen"
    azure.call("PUT", lock, {"properties": {"level": "ReadOnly"}}, version="2016-09-01")

    patched = azure.call("PATCH", path, {"tags": {"a": "b"}}, version=ACI)
    stopped = azure.call("POST", f"{path}/stop", version=ACI)

    assert code(patched) == code(stopped) == (409, "ScopeLocked")


def test_a_deletion_ordered_to_fail_late_leaves_the_group_standing(
    azure: Azure, made: Maker
) -> None:
    made()
    azure.local(
        "POST",
        "faults",
        {
            "match": {"method": "DELETE", "path": "/resourceGroups/rg$"},
            "late": True,
            "code": "SubnetInUse",
            "message": "Still in use.",
        },
    )
    poll = azure.call("DELETE", f"{SCOPE}/resourceGroups/rg").headers["location"]
    azure.clock.advance(60)

    answer = azure.call("GET", poll)

    assert code(answer) == (409, "ResourceGroupDeletionBlocked")
    assert answer.json()["error"]["details"][0]["code"] == "SubnetInUse"
    group = azure.call("GET", f"{SCOPE}/resourceGroups/rg").json()
    assert group["properties"]["provisioningState"] == "Succeeded"
    assert len(azure.call("GET", f"{SCOPE}/resourceGroups/rg/resources").json()["value"]) == 1


def test_the_sdk_polls_a_deletion_to_its_end(azure: Azure) -> None:
    azure.group()
    poller = azure.arm.resource_groups.begin_delete("rg", polling=False)
    assert poller.done()
    azure.clock.advance(30)

    with pytest.raises(HttpResponseError) as caught:
        azure.arm.resource_groups.begin_delete("rg").wait()

    assert caught.value.status_code == 404
