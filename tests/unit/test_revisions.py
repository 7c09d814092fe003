"""How a container app is read, and what a change of its traffic is made of."""

from typing import Any

import pytest

from provisioning.azure.resources import revisions
from provisioning.azure.resources.revisions import Readiness


def an_app(**given: Any) -> dict[str, Any]:
    traffic = given.pop("traffic", [{"revisionName": "rewards-api--v1", "weight": 100}])
    configuration = {
        "activeRevisionsMode": given.pop("mode", "Multiple"),
        "ingress": {"fqdn": "rewards-api.example", "traffic": traffic},
    }
    images = given.pop("images", {"rewards-api": "ghcr.io/tesoro/rewards-api:v1"})
    return {
        "name": "rewards-api",
        "properties": {
            "provisioningState": given.pop("state", "Succeeded"),
            "latestRevisionName": "rewards-api--v2",
            "configuration": configuration,
            "template": {
                "containers": [{"name": n, "image": i, "env": []} for n, i in images.items()],
                "scale": {"minReplicas": 1},
            },
            **given,
        },
    }


def a_revision(name: str, **given: Any) -> dict[str, Any]:
    image = given.pop("image", f"ghcr.io/tesoro/rewards-api:{name.partition('--')[2]}")
    usual = {
        "active": True,
        "createdTime": "2026-11-01T00:00:00+00:00",
        "provisioningState": "Provisioned",
        "runningState": "Running",
        "healthState": "Healthy",
        "template": {"containers": [{"name": "rewards-api", "image": image}]},
    }
    return {"name": name, "properties": usual | given}


def test_weights_are_those_of_names_and_of_the_latest_revision():
    app = revisions.read(
        an_app(
            traffic=[
                {"revisionName": "rewards-api--v1", "weight": 75, "label": "stable"},
                {"latestRevision": True, "weight": 25},
                {"revisionName": "rewards-api--v0", "weight": 0},
            ]
        )
    )

    assert app.weights == {"rewards-api--v1": 75, "rewards-api--v2": 25}
    assert app.labels == {"rewards-api--v1": "stable"}
    assert (app.is_multiple, app.is_moving, app.has_ingress) == (True, False, True)


def test_an_app_of_one_revision_that_moves_is_seen_as_such():
    app = revisions.read(an_app(mode="Single", state="InProgress"))

    assert (app.is_multiple, app.is_moving) == (False, True)


def test_an_empty_body_reads_as_an_app_that_cannot_have_a_canary():
    app = revisions.read({})

    assert (app.is_multiple, app.has_ingress, app.weights) == (False, False, {})


def test_traffic_is_written_by_name_and_labels_stay():
    app = revisions.read(
        an_app(
            traffic=[
                {"revisionName": "rewards-api--v1", "weight": 100},
                {"revisionName": "rewards-api--v0", "weight": 0, "label": "old"},
            ]
        )
    )

    body = revisions.traffic_body(app, {"rewards-api--v2": 25, "rewards-api--v1": 75})

    assert body == {
        "properties": {
            "configuration": {
                "ingress": {
                    "traffic": [
                        {"revisionName": "rewards-api--v2", "weight": 25},
                        {"revisionName": "rewards-api--v1", "weight": 75},
                        {"revisionName": "rewards-api--v0", "weight": 0, "label": "old"},
                    ]
                }
            }
        }
    }


@pytest.mark.parametrize("shares", [{"a": 50}, {"a": 101, "b": -1}, {"a": 60, "b": 60}])
def test_shares_that_do_not_add_up_are_never_written(shares: dict[str, int]):
    with pytest.raises(ValueError, match="add up to 100"):
        revisions.traffic(revisions.read(an_app()), shares)


def test_a_new_revision_gets_no_traffic_even_where_the_latest_had_all():
    app = revisions.read(an_app(traffic=[{"latestRevision": True, "weight": 100}]))

    properties = revisions.new_revision_body(app, "rewards-api", "v3")["properties"]

    assert properties["configuration"]["ingress"]["traffic"] == [
        {"revisionName": "rewards-api--v2", "weight": 100}
    ]
    assert properties["template"] == {
        "containers": [
            {"name": "rewards-api", "image": "ghcr.io/tesoro/rewards-api:v3", "env": []}
        ],
        "scale": {"minReplicas": 1},
        "revisionSuffix": "v3",
    }


def test_what_azure_alone_decides_of_a_container_is_not_sent_back():
    body = an_app()
    resources = {"cpu": 0.5, "memory": "1Gi", "ephemeralStorage": "2Gi"}
    template = body["properties"]["template"]
    template["containers"][0]["resources"] = dict(resources)
    template["initContainers"] = [{"name": "first", "image": "first:1", "resources": resources}]

    app = revisions.read(body)
    found = revisions.new_revision_body(app, "rewards-api", "v3")["properties"]["template"]

    for container in (*found["containers"], *found["initContainers"]):
        assert container["resources"] == {"cpu": 0.5, "memory": "1Gi"}
    assert app.template["containers"][0]["resources"] == resources


def test_only_the_released_container_takes_the_new_image():
    images = {"rewards-api": "ghcr.io/tesoro/rewards-api:v1", "proxy": "envoy:1"}
    app = revisions.read(an_app(images=images))

    found = revisions.new_revision_body(app, "rewards-api", "v3")["properties"]["template"]

    assert [c["image"] for c in found["containers"]] == [
        "ghcr.io/tesoro/rewards-api:v3",
        "envoy:1",
    ]


@pytest.mark.parametrize(
    ("images", "name"),
    [
        pytest.param({"rewards-api": "a:1", "proxy": "b:1"}, "rewards-api", id="named as the app"),
        pytest.param({"web": "a:1"}, "web", id="the only one"),
        pytest.param({"web": "a:1", "proxy": "b:1"}, None, id="unclear"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_released_container_is_found_or_not_guessed(images: dict[str, str], name: str | None):
    assert revisions.released_container(revisions.read(an_app(images=images))) == name


@pytest.mark.parametrize(
    ("version", "start"),
    [
        pytest.param("v2", "v2", id="as it is"),
        pytest.param("2026-01", "r2026-01-", id="a letter first"),
        pytest.param("V2", "v2-", id="lower case"),
        pytest.param("1.2.3", "r1-2-3-", id="no dots"),
        pytest.param("a--b", "a-b-", id="no double dash"),
        pytest.param("v" * 40, "v" * 23 + "-", id="short"),
    ],
)
def test_a_suffix_is_one_that_azure_takes(version: str, start: str):
    found = revisions.suffix_of(version)

    assert (found[0].isalpha(), "--" in found, len(found) <= 30) == (True, False, True)
    assert found.startswith(start)
    assert (found == version) == (not start.endswith("-"))


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("ghcr.io/tesoro/rewards-api:v1", "v1"),
        ("registry:5000/rewards-api", ""),
        ("registry:5000/rewards-api:v1@sha256:abc", "v1"),
        ("rewards-api@sha256:abc", ""),
        ("", ""),
    ],
)
def test_a_tag_is_read_whatever_else_has_a_colon(image: str, tag: str):
    assert revisions.tag_of(image) == tag


def test_another_tag_leaves_registry_and_digest_behind():
    assert revisions.with_tag("registry:5000/a/b:v1@sha256:abc", "v2") == "registry:5000/a/b:v2"
    assert revisions.with_tag("b", "v2") == "b:v2"


@pytest.mark.parametrize(
    ("given", "readiness"),
    [
        pytest.param({}, Readiness.READY, id="healthy"),
        pytest.param(
            {"healthState": "None", "runningState": "ScaledToZero"},
            Readiness.READY,
            id="scaled to nothing",
        ),
        pytest.param(
            {"active": False, "provisioningState": "Deprovisioned"},
            Readiness.INACTIVE,
            id="inactive",
        ),
        pytest.param(
            {"provisioningState": "Failed", "provisioningError": "no image"},
            Readiness.FAILED,
            id="failed",
        ),
        pytest.param({"runningState": "Failed"}, Readiness.FAILED, id="does not run"),
        pytest.param({"healthState": "Unhealthy"}, Readiness.STARTING, id="unhealthy so far"),
        pytest.param({"runningState": "Activating"}, Readiness.STARTING, id="activating"),
        pytest.param({"provisioningState": "Provisioning"}, Readiness.STARTING, id="being made"),
    ],
)
def test_a_revision_can_serve_or_not(given: dict[str, Any], readiness: Readiness):
    found = revisions.read_revision(a_revision("rewards-api--v2", **given))

    assert found.readiness is readiness
    assert found.because


def test_a_version_names_a_revision_by_its_suffix_or_by_its_images_tag():
    known = [
        revisions.read_revision(body)
        for body in (
            a_revision("rewards-api--v1"),
            a_revision("rewards-api--abc", image="rewards-api:v3"),
            a_revision("rewards-api--v2", image="rewards-api@sha256:1"),
        )
    ]

    def named(version: str) -> str | None:
        found = revisions.of_version("rewards-api", version, known)
        return None if found is None else found.name

    assert [named(v) for v in ("v1", "v2", "v3", "v4")] == [
        "rewards-api--v1",
        "rewards-api--v2",
        "rewards-api--abc",
        None,
    ]


def test_of_several_revisions_of_a_version_the_newest_that_serves_is_taken():
    known = [
        revisions.read_revision(a_revision(f"rewards-api--{n}", image="a:v3", **given))
        for n, given in (
            ("a", {"createdTime": "2026-01-01"}),
            ("b", {"createdTime": "2026-01-02"}),
            ("c", {"createdTime": "2026-01-03", "active": False}),
        )
    ]

    found = revisions.of_version("rewards-api", "v3", known)

    assert found is not None
    assert found.name == "rewards-api--b"


def test_a_revisions_version_is_its_tag_else_its_suffix():
    tagged = revisions.read_revision(a_revision("rewards-api--x", image="a:v3"))
    bare = revisions.read_revision(a_revision("rewards-api--x", image="a@sha256:1"))

    assert revisions.version_of("rewards-api", tagged) == "v3"
    assert revisions.version_of("rewards-api", bare) == "x"
