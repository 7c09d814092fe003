"""Container groups: made, seen, refused, updated, stopped, failing, deleted."""

from copy import deepcopy
from typing import Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError

from .kit import ACI, SCOPE, Azure, Maker, code, container, group_body

IDENTITY = (
    f"{SCOPE}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull"
)


def health(azure: Azure, path: str) -> requests.Response:
    """Ask a group's service how it is."""
    address = azure.call("GET", path, version=ACI).json()["properties"]["ipAddress"]
    return requests.get(f"{azure.running.containers_url}/{address['fqdn']}/health", timeout=5)


def view(azure: Azure, path: str) -> dict[str, Any]:
    """Return the first container's instance view."""
    body = azure.call("GET", path, version=ACI).json()
    found: dict[str, Any] = body["properties"]["containers"][0]["properties"]["instanceView"]
    return found


def images(azure: Azure, **rule: Any) -> None:
    """Say how the service's image behaves."""
    answer = azure.local("PUT", "images", [{"match": "rewards-api", **rule}])
    assert answer.status_code == 204, answer.text


def test_a_new_group_is_pending_then_creating_then_running(azure: Azure, made: Maker) -> None:
    path = made(wait=False)

    seen = []
    for _ in range(6):
        body = azure.call("GET", path, version=ACI).json()["properties"]
        seen.append((body["provisioningState"], body["instanceView"]["state"]))
        azure.clock.advance(10)

    assert seen[0] == ("Pending", "Pending")
    assert seen[2] == ("Creating", "Pending")
    assert seen[-1] == ("Succeeded", "Running")


def test_a_creation_answers_201_and_names_its_operation(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.ContainerInstance/containerGroups/pr-7"

    answer = azure.call("PUT", path, group_body(), version=ACI)
    poll = answer.headers["azure-asyncoperation"]
    early = azure.call("GET", poll).json()
    azure.clock.advance(40)
    late = azure.call("GET", poll).json()

    assert answer.status_code == 201
    assert "instanceView" not in answer.json()["properties"]["containers"][0]["properties"]
    assert poll.endswith("?api-version=2018-06-01")
    assert answer.headers["x-ms-ratelimit-remaining-subscription-resource-requests-pt5m"] == "99"
    assert answer.headers["x-ms-ratelimit-remaining-subscription-resource-requests-pt1h"] == "299"
    assert (early["status"], late["status"], late["id"]) == ("Pending", "Succeeded", path)


def test_the_sdk_creates_reads_and_deletes_a_group(azure: Azure) -> None:
    azure.arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
    groups = azure.aci.container_groups
    poller = groups.begin_create_or_update("rg", "pr-7", group_body(), polling=False)
    assert poller.result().provisioning_state == "Pending"

    azure.clock.advance(60)
    found = groups.get("rg", "pr-7")

    assert found.provisioning_state == "Succeeded"
    assert found.ip_address.fqdn.endswith(".westeurope.azurecontainer.io")
    assert [group.name for group in groups.list_by_resource_group("rg")] == ["pr-7"]
    assert groups.begin_delete("rg", "pr-7").result().name == "pr-7"
    assert groups.begin_delete("rg", "pr-7").result() is None
    assert list(groups.list()) == []


def test_a_deleted_group_is_gone_at_once_and_deleting_it_again_is_204(
    azure: Azure, made: Maker
) -> None:
    path = made()

    first = azure.call("DELETE", path, version=ACI)
    second = azure.call("DELETE", path, version=ACI)

    assert (first.status_code, first.json()["id"]) == (200, path)
    assert first.json()["properties"]["instanceView"]["state"] == "Running"
    assert (second.status_code, second.content) == (204, b"")
    assert code(azure.call("GET", path, version=ACI)) == (404, "ResourceNotFound")


def test_lists_show_no_instance_view(azure: Azure, made: Maker) -> None:
    path = made()

    for scope in (SCOPE, f"{SCOPE}/resourceGroups/rg"):
        listing = f"{scope}/providers/Microsoft.ContainerInstance/containerGroups"
        row = azure.call("GET", listing, version=ACI).json()["value"][0]
        assert row["id"] == path
        assert "instanceView" not in row["properties"]
        assert "instanceView" not in row["properties"]["containers"][0]["properties"]


def test_secrets_never_come_back(azure: Azure, made: Maker) -> None:
    variables = [{"name": "PASSWORD", "secureValue": "hunter2"}]
    credential = {"server": "ghcr.io", "username": "u", "password": "hunter2"}
    path = made(
        containers=[container(environmentVariables=variables)],
        imageRegistryCredentials=[credential],
    )

    shown = azure.call("GET", path, version=ACI)
    deleted = azure.call("DELETE", path, version=ACI)

    assert "hunter2" not in shown.text + deleted.text
    assert shown.json()["properties"]["containers"][0]["properties"]["environmentVariables"] == [
        {"name": "PASSWORD"}
    ]
    assert shown.json()["properties"]["imageRegistryCredentials"] == [
        {"server": "ghcr.io", "username": "u"}
    ]


def _no_requests() -> dict[str, Any]:
    bare = container()
    del bare["properties"]["resources"]
    return bare


def _address(**more: Any) -> dict[str, Any]:
    return {"ipAddress": {**group_body()["properties"]["ipAddress"], **more}}


def _with(**more: Any) -> dict[str, Any]:
    return {"containers": [container(**more)]}


def _credential(**more: Any) -> dict[str, Any]:
    return {"imageRegistryCredentials": [{"server": "ghcr.io", **more}]}


REFUSED = [
    pytest.param({"containers": []}, 400, "MissingContainers", id="no container"),
    pytest.param({"osType": None}, 400, "InvalidOsType", id="no system"),
    pytest.param({"osType": "BeOS"}, 400, "InvalidOsType", id="odd system"),
    pytest.param({"restartPolicy": "Perhaps"}, 400, "InvalidRestartPolicy", id="policy"),
    pytest.param({"colour": "red"}, 400, "InvalidRequestContent", id="unknown property"),
    pytest.param({"containers": [container("Api")]}, 400, "InvalidContainerName", id="upper case"),
    pytest.param({"containers": [container("a--b")]}, 400, "InvalidContainerName", id="hyphens"),
    pytest.param(
        {"containers": [container(), container()]}, 400, "DuplicateContainerName", id="twins"
    ),
    pytest.param(_with(image=None), 400, "MissingImage", id="no image"),
    pytest.param(_with(image="https://ghcr.io/x"), 400, "InvalidImage", id="image with protocol"),
    pytest.param({"containers": [_no_requests()]}, 400, "MissingResourceRequests", id="no size"),
    pytest.param(
        _with(resources={"requests": {"cpu": 0, "memoryInGB": 1}}),
        400,
        "InvalidResourceRequests",
        id="no cpu",
    ),
    pytest.param(
        _with(resources={"requests": {"cpu": 5, "memoryInGB": 1}}),
        409,
        "ServiceUnavailable",
        id="more than a region offers",
    ),
    pytest.param(
        _with(
            resources={
                "requests": {"cpu": 2, "memoryInGB": 1},
                "limits": {"cpu": 1, "memoryInGB": 1},
            }
        ),
        400,
        "ResourceLimitsLessThanRequests",
        id="limit below request",
    ),
    pytest.param(
        _with(
            resources={
                "requests": {"cpu": 1, "memoryInGB": 1},
                "limits": {"cpu": 2, "memoryInGB": 1},
            }
        ),
        400,
        "ContainerLimitGreaterThanContainerGroupTotalRequest",
        id="limit above the group",
    ),
    pytest.param(_with(ports=[{"port": 0}]), 400, "InvalidPort", id="port 0"),
    pytest.param(
        {"containers": [container("a"), container("b")]}, 400, "DuplicatePort", id="one port twice"
    ),
    pytest.param(_address(ports=[]), 400, "MissingIpAddressPorts", id="no public port"),
    pytest.param(_address(ports=[{"port": 9}]), 400, "IpAddressPortNotExposed", id="not exposed"),
    pytest.param(_address(type="Secret"), 400, "InvalidIpAddressType", id="address type"),
    pytest.param(_address(dnsNameLabel="abc"), 400, "InvalidDnsNameLabel", id="short label"),
    pytest.param(_address(dnsNameLabel="7-abc-d"), 400, "InvalidDnsNameLabel", id="digit first"),
    pytest.param(
        _address(autoGeneratedDomainNameLabelScope="NoReuse"),
        400,
        "InvalidDomainNameLabelScope",
        id="scope spelled otherwise",
    ),
    pytest.param(
        _with(environmentVariables=[{"name": "A"}]), 400, "InvalidEnvironmentVariable", id="empty"
    ),
    pytest.param(
        _with(environmentVariables=[{"name": "A", "value": "1", "secureValue": "2"}]),
        400,
        "InvalidEnvironmentVariable",
        id="both values",
    ),
    pytest.param(
        _with(environmentVariables=[{"name": "A-B", "value": "1"}]),
        400,
        "InvalidEnvironmentVariable",
        id="variable's name",
    ),
    pytest.param(_with(readinessProbe={}), 400, "InvalidProbe", id="empty probe"),
    pytest.param(
        _with(livenessProbe={"exec": {"command": ["x"]}, "httpGet": {"port": 1}}),
        400,
        "InvalidProbe",
        id="two probes in one",
    ),
    pytest.param(_with(readinessProbe={"httpGet": {}}), 400, "InvalidProbe", id="probe's port"),
    pytest.param(
        _with(volumeMounts=[{"name": "none", "mountPath": "/x"}]),
        400,
        "InvalidVolumeMount",
        id="unknown volume",
    ),
    pytest.param({"volumes": [{"name": "v"}]}, 400, "InvalidVolume", id="volume of no kind"),
    pytest.param(_credential(), 400, "InvalidImageRegistryCredential", id="no credential"),
    pytest.param(
        {
            "imageRegistryCredentials": [
                {"server": "https://ghcr.io", "username": "u", "password": "p"}
            ]
        },
        400,
        "InvalidImageRegistryCredential",
        id="server with protocol",
    ),
    pytest.param(
        {
            "imageRegistryCredentials": [
                {"server": f"{n}.io", "username": "u", "password": "p"} for n in ("a", "b")
            ]
        },
        400,
        "MoreImageRegistryCredentialsThanContainers",
        id="more credentials than containers",
    ),
    pytest.param(
        _credential(identity=IDENTITY),
        400,
        "InvalidImageRegistryCredential",
        id="foreign identity",
    ),
]


@pytest.mark.parametrize(("change", "status", "expected"), REFUSED)
def test_a_body_that_azure_refuses_is_refused(
    azure: Azure, change: dict[str, Any], status: int, expected: str
) -> None:
    path = f"{azure.group()}/providers/Microsoft.ContainerInstance/containerGroups/pr-7"

    answer = azure.call("PUT", path, group_body(**change), version=ACI)

    assert code(answer) == (status, expected)
    assert code(azure.call("GET", path, version=ACI)) == (404, "ResourceNotFound")


@pytest.mark.parametrize("name", ["Upper", "-a", "a-", "a--b", "a_b", "x" * 64])
def test_a_group_name_outside_the_rule_is_refused(azure: Azure, name: str) -> None:
    path = f"{azure.group()}/providers/Microsoft.ContainerInstance/containerGroups/{name}"

    answer = azure.call("PUT", path, group_body(), version=ACI)

    assert code(answer) == (400, "InvalidContainerGroupName")


def test_an_identity_must_exist_before_a_group_has_it(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.ContainerInstance/containerGroups/pr-7"
    body = group_body(**_credential(identity=IDENTITY))
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}

    before = azure.call("PUT", path, body, version=ACI)
    made = azure.call("PUT", IDENTITY, {"location": "westeurope"}, version="2023-01-31")
    after = azure.call("PUT", path, body, version=ACI)

    assert code(before) == (400, "FailedIdentityOperation")
    assert after.status_code == 201
    shown = after.json()["identity"]["userAssignedIdentities"][IDENTITY]
    assert shown["principalId"] == made.json()["properties"]["principalId"]


@pytest.mark.parametrize(
    ("scope", "hashed"), [("Unsecure", False), ("TenantReuse", True), ("Noreuse", True)]
)
def test_a_label_becomes_a_name_by_its_scope(
    azure: Azure, made: Maker, scope: str, *, hashed: bool
) -> None:
    path = made(**_address(autoGeneratedDomainNameLabelScope=scope))

    name = azure.call("GET", path, version=ACI).json()["properties"]["ipAddress"]["fqdn"]

    assert name.startswith("pr-7-rewards.")
    assert name.endswith(".westeurope.azurecontainer.io")
    assert (len(name.split(".")) == 5) is hashed


def test_a_name_in_use_is_refused_until_it_is_free(azure: Azure, made: Maker) -> None:
    first = made("one")
    second = first.replace("/one", "/two")

    taken = azure.call("PUT", second, group_body(), version=ACI)
    azure.call("DELETE", first, version=ACI)

    assert code(taken) == (400, "DnsNameLabelNotAvailable")
    assert azure.call("PUT", second, group_body(), version=ACI).status_code == 201


def test_a_group_in_transition_takes_no_writes(azure: Azure, made: Maker) -> None:
    path = made(wait=False)

    answers = [
        azure.call("PUT", path, group_body(), version=ACI),
        azure.call("PATCH", path, {"tags": {}}, version=ACI),
        azure.call("POST", f"{path}/restart", version=ACI),
    ]

    assert {code(answer) for answer in answers} == {(409, "ContainerGroupTransitioning")}


def test_a_new_image_restarts_all_containers_and_wipes_them(azure: Azure, made: Maker) -> None:
    database = container("db", image="postgres:16", ports=[{"port": 5432}])
    path = made(containers=[container(), database])
    before = view(azure, path)["currentState"]["startTime"]
    azure.clock.advance(600)
    changed = group_body(containers=[container(image="ghcr.io/tesoro/rewards-api:def"), database])

    updated = azure.call("PUT", path, changed, version=ACI)
    with pytest.raises(requests.ConnectionError):
        health(azure, path)
    azure.clock.advance(32)
    seeding = health(azure, path)
    azure.clock.advance(30)

    assert updated.status_code == 200
    assert updated.json()["properties"]["provisioningState"] == "Pending"
    assert seeding.status_code == 503
    assert health(azure, path).json()["image"].endswith(":def")
    body = azure.call("GET", path, version=ACI).json()["properties"]
    starts = [
        c["properties"]["instanceView"]["currentState"]["startTime"] for c in body["containers"]
    ]
    assert all(start > before for start in starts)


def test_tags_alone_restart_nothing(azure: Azure, made: Maker) -> None:
    path = made()
    before = view(azure, path)

    patched = azure.call("PATCH", path, {"tags": {"a": "b"}}, version=ACI)
    put = azure.call("PUT", path, {**group_body(), "tags": {"a": "c"}}, version=ACI)

    assert (patched.status_code, patched.json()["tags"]) == (200, {"a": "b"})
    assert (put.status_code, put.json()["tags"]) == (200, {"a": "c"})
    assert put.json()["properties"]["provisioningState"] == "Succeeded"
    assert view(azure, path)["currentState"] == before["currentState"]


def test_what_cannot_be_changed_needs_a_new_group(azure: Azure, made: Maker) -> None:
    path = made()
    bigger = container(resources={"requests": {"cpu": 1.0, "memoryInGB": 1.0}})

    answers = [
        azure.call("PUT", path, group_body(restartPolicy="Never"), version=ACI),
        azure.call("PUT", path, group_body(containers=[bigger]), version=ACI),
    ]
    moved = azure.call("PUT", path, {**group_body(), "location": "northeurope"}, version=ACI)

    assert {code(answer) for answer in answers} == {(400, "InvalidContainerGroupUpdate")}
    assert code(moved) == (409, "InvalidResourceLocation")


def test_a_stopped_group_rests_until_started_and_takes_no_update(
    azure: Azure, made: Maker
) -> None:
    path = made()

    stopped = azure.call("POST", f"{path}/stop", version=ACI)
    state = azure.call("GET", path, version=ACI).json()["properties"]
    updated = azure.call("PUT", path, group_body(), version=ACI)
    restarted = azure.call("POST", f"{path}/restart", version=ACI)
    started = azure.call("POST", f"{path}/start", version=ACI)
    azure.clock.advance(60)

    assert (stopped.status_code, stopped.content) == (204, b"")
    assert state["provisioningState"] == "Succeeded"
    assert state["instanceView"]["state"] == "Stopped"
    container_state = state["containers"][0]["properties"]["instanceView"]["currentState"]
    assert container_state["state"] == "Terminated"
    assert code(updated) == (400, "InvalidContainerGroupUpdate")
    assert code(restarted) == (409, "ContainerGroupStopped")
    assert started.status_code == 202
    assert "azure-asyncoperation" in started.headers
    assert health(azure, path).status_code == 200


def test_the_sdk_restarts_and_stops(azure: Azure, made: Maker) -> None:
    path = made()
    before = view(azure, path)["currentState"]["startTime"]

    azure.aci.container_groups.begin_restart("rg", "pr-7", polling=False).result()
    azure.clock.advance(20)
    azure.aci.container_groups.stop("rg", "pr-7")

    assert view(azure, path)["currentState"]["startTime"] > before


def test_an_image_that_cannot_be_pulled_fails_the_group_late(azure: Azure, made: Maker) -> None:
    images(azure, behaviour="missing", seconds=100)
    path = made(wait=False)
    azure.clock.advance(65)
    waiting = view(azure, path)
    azure.clock.advance(60)

    body = azure.call("GET", path, version=ACI).json()["properties"]

    assert waiting["currentState"]["state"] == "Waiting"
    assert "Back-off pulling image" in waiting["currentState"]["detailStatus"]
    assert [event["name"] for event in waiting["events"]] == ["Pulling", "Failed", "BackOff"]
    assert body["provisioningState"] == body["instanceView"]["state"] == "Failed"
    assert code(azure.call("PUT", path, group_body(), version=ACI)) == (
        400,
        "InvalidContainerGroupUpdate",
    )


def test_the_sdk_raises_when_the_work_fails(azure: Azure) -> None:
    images(azure, behaviour="missing")
    azure.group()
    path = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/pr-7"
    poll = azure.call("PUT", path, group_body(), version=ACI).headers["azure-asyncoperation"]
    azure.clock.advance(200)

    document = azure.call("GET", poll).json()

    assert document["status"] == "Failed"
    assert document["error"]["code"] == "InaccessibleImage"


def test_an_image_azure_cannot_read_is_refused_at_once(azure: Azure) -> None:
    images(azure, behaviour="inaccessible")
    azure.group()

    with pytest.raises(HttpResponseError) as caught:
        azure.aci.container_groups.begin_create_or_update("rg", "pr-7", group_body())

    assert caught.value.status_code == 400
    assert caught.value.error is not None
    assert caught.value.error.code == "InaccessibleImage"


def test_a_crashing_container_is_started_again_with_longer_pauses(
    azure: Azure, made: Maker
) -> None:
    images(azure, behaviour="crash", seconds=5, logs="boom: no such table")
    path = made(wait=False)
    azure.clock.advance(32)
    running = view(azure, path)
    azure.clock.advance(10)
    waiting = view(azure, path)
    azure.clock.advance(60)
    later = view(azure, path)
    logs = azure.call("GET", f"{path}/containers/api/logs", version=ACI).json()["content"]

    assert running["currentState"]["state"] == "Running"
    assert waiting["currentState"]["state"] == "Waiting"
    assert waiting["currentState"]["detailStatus"].startswith("CrashLoopBackOff")
    assert waiting["previousState"]["exitCode"] == 1
    assert later["restartCount"] > waiting["restartCount"]
    assert "boom: no such table" in logs


def test_a_crash_without_restart_ends_the_group(azure: Azure, made: Maker) -> None:
    images(azure, behaviour="crash", seconds=1)
    path = made(restartPolicy="Never")

    body = azure.call("GET", path, version=ACI).json()["properties"]

    assert body["instanceView"]["state"] == "Failed"
    assert body["provisioningState"] == "Succeeded"


def test_a_late_failure_is_accepted_first(azure: Azure, made: Maker) -> None:
    order = {"match": {"method": "PUT", "path": "containerGroups"}, "late": True, "code": "Oops"}
    azure.group()
    azure.local("POST", "faults", order)
    path = made()

    body = azure.call("GET", path, version=ACI).json()["properties"]

    assert body["provisioningState"] == "Failed"
    with pytest.raises(requests.ConnectionError):
        health(azure, path)


def test_a_deletion_ordered_to_fail_keeps_the_group(azure: Azure, made: Maker) -> None:
    path = made()
    azure.local("POST", "faults", {"match": {"method": "DELETE"}, "late": True, "code": "Oops"})

    accepted = azure.call("DELETE", path, version=ACI)
    again = azure.call("DELETE", path, version=ACI)
    poll = accepted.headers["azure-asyncoperation"]
    azure.clock.advance(30)

    assert (accepted.status_code, again.status_code) == (202, 202)
    assert again.headers["azure-asyncoperation"] == poll
    assert azure.call("GET", poll).json()["error"]["code"] == "Oops"
    assert health(azure, path).status_code == 200


def test_an_unhealthy_service_says_so(azure: Azure, made: Maker) -> None:
    images(azure, behaviour="unhealthy")
    path = made()

    answer = health(azure, path)

    assert (answer.status_code, answer.json()) == (503, {"status": "unhealthy"})


def test_the_page_tells_what_runs_and_escapes_it(azure: Azure, made: Maker) -> None:
    variables = [
        {"name": "TITLE", "value": "<script>"},
        {"name": "SEED_ID", "secureValue": "s"},
    ]
    path = made(containers=[container(environmentVariables=variables)])
    address = azure.call("GET", path, version=ACI).json()["properties"]["ipAddress"]

    page = requests.get(f"{azure.running.containers_url}/{address['fqdn']}/", timeout=5)

    assert page.status_code == 200
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text
    assert "abc123" in page.text


def test_nobody_answers_where_nothing_runs(azure: Azure) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{azure.running.containers_url}/nobody.azurecontainer.io/", timeout=5)


def test_logs_say_what_the_service_did(azure: Azure, made: Maker) -> None:
    path = made(wait=False)
    early = azure.call("GET", f"{path}/containers/api/logs", version=ACI)
    azure.clock.advance(60)

    logs = azure.aci.containers.list_logs("rg", "pr-7", "api").content
    last = azure.aci.containers.list_logs("rg", "pr-7", "api", tail=1, timestamps=True).content

    assert code(early) == (404, "ContainerLogNotAvailable")
    assert "seeded 240 rows, seed seed-7" in logs
    assert last.startswith("2026-11-23T09:00:35")
    assert last.endswith("listening on port 8080\n")
    assert code(azure.call("GET", f"{path}/containers/none/logs", version=ACI)) == (
        404,
        "ContainerNotFound",
    )


def test_exec_answers_with_an_address_and_a_password(azure: Azure, made: Maker) -> None:
    made()
    request = {"command": "ls", "terminalSize": {"rows": 24, "cols": 80}}

    answer = azure.aci.containers.execute_command("rg", "pr-7", "api", request)

    assert answer.web_socket_uri.startswith("wss://")
    assert answer.password


def test_usage_counts_groups_and_cores_and_the_quota_holds(azure: Azure, made: Maker) -> None:
    size = {"requests": {"cpu": 4.0, "memoryInGB": 8.0}}
    containers = [container(resources=size)]
    for number in range(25):
        made(f"pr-{number}", containers=containers, **_address(dnsNameLabel=f"label-{number}"))
    usages = {u.name.value: u.current_value for u in azure.aci.location.list_usage("westeurope")}
    path = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/more"

    answer = azure.call("PUT", path, group_body(), version=ACI)

    assert (usages["ContainerGroups"], usages["StandardCores"]) == (25, 100)
    assert code(answer) == (409, "ContainerGroupQuotaReached")


def test_creations_run_out_for_five_minutes(azure: Azure, made: Maker) -> None:
    path = made()
    body = deepcopy(group_body())
    for number in range(99):
        body["tags"] = {"n": str(number)}
        azure.clock.advance(1)
        assert azure.call("PUT", path, body, version=ACI).status_code == 200

    answer = azure.call("PUT", path, body, version=ACI)
    azure.clock.advance(300)

    assert code(answer) == (429, "TooManyRequests")
    assert int(answer.headers["retry-after"]) > 100
    assert azure.call("PUT", path, body, version=ACI).status_code == 200


def test_capabilities_and_cached_images_are_listed(azure: Azure) -> None:
    assert list(azure.aci.location.list_capabilities("westeurope"))
    assert list(azure.aci.location.list_cached_images("westeurope"))
