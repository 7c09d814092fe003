"""What comes before any provider: tokens, versions, types, registrations, buckets, faults."""

import time

import pytest
import requests
from azure.core.exceptions import ServiceRequestError, ServiceResponseError

from .kit import ACI, SCOPE, Azure, Maker, clients, code, container, group_body, token


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(None, "AuthenticationFailed", id="none"),
        pytest.param("Basic abc", "AuthenticationFailed", id="basic"),
        pytest.param("Bearer nonsense", "InvalidAuthenticationToken", id="nonsense"),
        pytest.param(
            f"Bearer {token(kid='other')}", "InvalidAuthenticationToken", id="unknown key"
        ),
        pytest.param(
            f"Bearer {token(aud='https://vault.azure.net')}",
            "InvalidAuthenticationTokenAudience",
            id="audience",
        ),
        pytest.param(
            f"Bearer {token(exp=int(time.time()) - 10)}",
            "ExpiredAuthenticationToken",
            id="expired",
        ),
        pytest.param(
            f"Bearer {token(tid='elsewhere')}", "InvalidAuthenticationTokenTenant", id="tenant"
        ),
    ],
)
def test_a_call_without_a_good_token_is_refused(
    azure: Azure, header: str | None, expected: str
) -> None:
    headers = {"authorization": header} if header else {}
    url = f"{azure.running.base_url}{SCOPE}/resourcegroups?api-version=2025-04-01"

    answer = azure.session.get(url, headers=headers)

    assert code(answer) == (401, expected)
    assert answer.headers["www-authenticate"].startswith("Bearer authorization_uri=")


def test_a_token_for_the_audience_with_a_slash_is_accepted(azure: Azure) -> None:
    header = {"authorization": f"Bearer {token(aud='https://management.azure.com/')}"}

    assert azure.call("GET", SCOPE, headers=header).status_code == 200


@pytest.mark.parametrize(
    ("path", "version", "expected"),
    [
        pytest.param(SCOPE, "", (400, "MissingApiVersionParameter"), id="no version"),
        pytest.param(SCOPE, "1999-01-01", (400, "InvalidApiVersionParameter"), id="control"),
        pytest.param(
            f"{SCOPE}/providers/Microsoft.ContainerInstance/containerGroups",
            "1999-01-01",
            (400, "NoRegisteredProviderFound"),
            id="provider's version",
        ),
        pytest.param(
            f"{SCOPE}/providers/Microsoft.ContainerInstance/cabins",
            ACI,
            (404, "InvalidResourceType"),
            id="type",
        ),
        pytest.param(
            f"{SCOPE}/providers/Contoso.Boats/boats",
            ACI,
            (404, "InvalidResourceNamespace"),
            id="namespace",
        ),
        pytest.param(
            "/subscriptions/00000000-0000-0000-0000-000000000009",
            "2022-12-01",
            (404, "SubscriptionNotFound"),
            id="subscription",
        ),
        pytest.param(
            "/subscriptions/nonsense", "2022-12-01", (400, "InvalidSubscriptionId"), id="no guid"
        ),
    ],
)
def test_a_call_that_names_nothing_real_is_refused(
    azure: Azure, path: str, version: str, expected: tuple[int, str]
) -> None:
    assert code(azure.call("GET", path, version=version)) == expected


def test_an_unregistered_provider_takes_no_writes_until_registered(azure: Azure) -> None:
    group = azure.group()
    azure.local("DELETE", "registrations/Microsoft.ContainerInstance")
    path = f"{group}/providers/Microsoft.ContainerInstance/containerGroups/pr-7"

    refused = azure.call("PUT", path, group_body(), version=ACI)
    provider = f"{SCOPE}/providers/Microsoft.ContainerInstance"
    registering = azure.call("POST", f"{provider}/register")
    azure.clock.advance(15)

    assert code(refused) == (409, "MissingSubscriptionRegistration")
    assert registering.json()["registrationState"] == "Registering"
    assert azure.call("GET", provider).json()["registrationState"] == "Registered"
    assert azure.call("PUT", path, group_body(), version=ACI).status_code == 201


def test_writes_run_out_and_come_back_with_time(azure: Azure) -> None:
    path = azure.group()
    answers = [azure.call("PATCH", path, {"tags": {}}) for _ in range(199)]
    empty = azure.call("PATCH", path, {"tags": {}})
    reads = azure.call("GET", path)
    azure.clock.advance(1)

    assert answers[0].headers["x-ms-ratelimit-remaining-subscription-writes"] == "198"
    assert answers[-1].headers["x-ms-ratelimit-remaining-subscription-writes"] == "0"
    assert code(empty) == (429, "SubscriptionRequestsThrottled")
    assert empty.headers["retry-after"] == "1"
    assert reads.status_code == 200
    assert azure.call("PATCH", path, {"tags": {}}).status_code == 200


def test_each_principal_has_buckets_of_its_own(azure: Azure) -> None:
    path = azure.group()
    other = {"authorization": f"Bearer {token(oid='aaaaaaaa-0000-4000-8000-000000000002')}"}

    mine = azure.call("GET", path)
    theirs = azure.call("GET", path, headers=other)

    header = "x-ms-ratelimit-remaining-subscription-reads"
    assert (mine.headers[header], theirs.headers[header]) == ("249", "249")


def test_an_ordered_fault_answers_once_and_is_spent(azure: Azure) -> None:
    path = azure.group()
    order = {
        "match": {"method": "get", "path": "RESOURCEGROUPS/RG"},
        "status": 503,
        "code": "ServerTimeout",
        "headers": {"retry-after": "7"},
    }
    azure.local("POST", "faults", order)

    first, second = azure.call("GET", path), azure.call("GET", path)

    assert code(first) == (503, "ServerTimeout")
    assert first.headers["retry-after"] == "7"
    assert second.status_code == 200


def test_a_connection_cut_before_the_work_leaves_nothing_done(azure: Azure) -> None:
    azure.local("POST", "faults", {"match": {"method": "PUT"}, "drop": "before"})

    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        azure.arm.resource_groups.create_or_update("rg", {"location": "westeurope"})

    assert not azure.arm.resource_groups.check_existence("rg")
    assert azure.local("GET", "calls").json()[0]["status"] is None


def test_a_connection_cut_after_the_work_leaves_it_done(azure: Azure) -> None:
    azure.local("POST", "faults", {"match": {"method": "PUT"}, "drop": "after"})

    with pytest.raises((ServiceResponseError, ServiceRequestError)):
        azure.arm.resource_groups.create_or_update("rg", {"location": "westeurope"})

    assert azure.arm.resource_groups.check_existence("rg")
    assert azure.local("GET", "calls").json()[0]["status"] == 201


@pytest.mark.parametrize(
    ("order", "field"),
    [
        pytest.param({"status": 5}, "status", id="status"),
        pytest.param({"drop": "never"}, "drop", id="drop"),
        pytest.param({"match": {"path": "("}, "status": 500}, "match.path", id="pattern"),
        pytest.param({"colour": 1}, "colour", id="unknown"),
        pytest.param({}, "status", id="nothing"),
    ],
)
def test_a_bad_order_is_refused_by_field(
    azure: Azure, order: dict[str, object], field: str
) -> None:
    answer = azure.local("POST", "faults", order)

    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == field


def test_calls_are_recorded_until_cleared(azure: Azure) -> None:
    azure.group()

    calls = azure.local("GET", "calls").json()
    azure.local("DELETE", "calls")

    assert calls[0]["method"] == "PUT"
    assert calls[0]["path"] == f"{SCOPE}/resourceGroups/rg"
    assert calls[0]["query"] == "api-version=2025-04-01"
    assert azure.local("GET", "calls").json() == []


def test_a_clock_without_a_stack_cannot_be_moved(azure: Azure) -> None:
    assert azure.local("GET", "clock").json() == {"now": "2026-11-23T09:00:00.000000Z"}
    assert azure.local("POST", "clock", {"advance": "PT1H"}).status_code == 409


def test_paths_are_read_without_regard_to_case(azure: Azure, made: Maker) -> None:
    path = made()

    answer = azure.call("GET", path.upper(), version=ACI)

    assert answer.json()["id"] == path


def test_seeded_resources_are_there_as_if_others_had_made_them(azure: Azure) -> None:
    group = f"{SCOPE}/resourceGroups/rg-tesoro-staging"
    site = f"{group}/providers/Microsoft.ContainerInstance/containerGroups/web"
    rows = [
        {"id": site, **group_body()},
        {"id": group, "type": "Microsoft.Resources/resourceGroups", "location": "westeurope"},
    ]

    assert azure.local("PUT", "resources", rows).json() == {"seeded": 2}

    listed = azure.local("GET", "resources").json()
    assert [row["id"] for row in listed] == [group, site]
    assert listed[1]["properties"]["instanceView"]["state"] == "Running"
    name = listed[1]["properties"]["ipAddress"]["fqdn"]
    health = requests.get(f"{azure.running.containers_url}/{name}/health", timeout=5)
    assert health.status_code == 200


def test_a_seed_that_contradicts_itself_is_refused_whole(azure: Azure) -> None:
    group = f"{SCOPE}/resourceGroups/rg"
    rows = [
        {"id": group, "location": "westeurope"},
        {
            "id": f"{group}/providers/Microsoft.ContainerInstance/containerGroups/BAD",
            **group_body(),
        },
    ]
    wrong = [{"id": group, "type": "Microsoft.Storage/storageAccounts", "location": "westeurope"}]

    assert azure.local("PUT", "resources", rows).status_code == 400
    assert azure.local("PUT", "resources", wrong).json()["error"]["target"] == "[0].type"
    assert azure.local("GET", "resources").json() == []


def test_two_clients_are_two_principals(azure: Azure) -> None:
    oid = "aaaaaaaa-0000-4000-8000-000000000003"
    arm, _ = clients(azure.running.base_url, azure.authority, oid=oid)

    with arm:
        arm.resource_groups.create_or_update("rg", {"location": "westeurope"})

    assert container()["name"] == "api"
    assert oid in azure.running.world.notes["callers"]
