"""The bodies that ARM is sent; the whole of them lies in tests/golden."""

from dataclasses import replace
from typing import Any

import pytest

from provisioning.catalog import Preview, Registry
from provisioning.environments import bodies
from provisioning.environments.desired import seed_id
from tests.builders import SHA, START, an_environment, the_catalog

KEY = b"k" * 32
IDENTITY = bodies.identity_id("11111111-2222-4333-8444-555555555555", "rg", "pr-7-rewards-api")
REGISTRY = Registry(
    id="/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/shared"
    "/providers/Microsoft.ContainerRegistry/registries/TesoroXP",
    repository="rewards-api",
)


def a_preview(**given: Any) -> Preview:
    """Return what previews of rewards-api are made of."""
    preview = the_catalog().preview_of("rewards-api")
    assert preview is not None
    return replace(preview, **given)


def a_group(environment: Any = None, preview: Any = None, login: Any = None) -> dict[str, Any]:
    """Return the body of a container group."""
    return bodies.container_group(
        environment or an_environment(sha=SHA, incarnation=1),
        preview or a_preview(),
        the_catalog(),
        identity=IDENTITY,
        key=KEY,
        login=login,
    )


def variables(body: dict[str, Any], container: int) -> dict[str, dict[str, str]]:
    """Return a container's environment variables by name."""
    found = body["properties"]["containers"][container]["properties"]["environmentVariables"]
    return {item["name"]: item for item in found}


def test_everything_carries_our_four_tags():
    found = bodies.tags(an_environment(expires_at=START), the_catalog())

    assert found == {
        "tesoro-environment": "pr-7-rewards-api",
        "tesoro-kind": "preview",
        "tesoro-owner": "platform",
        "tesoro-expires": "2026-11-23T09:00:00Z",
    }


def test_what_has_no_end_says_so():
    assert bodies.expires_tag(None) == "never"


def test_passwords_never_stand_in_plain_values():
    body = a_group()
    password = bodies.database_password(an_environment(incarnation=1), KEY)

    service, postgres = variables(body, 0), variables(body, 1)

    assert password in service["DATABASE_URL"]["secureValue"]
    assert postgres["POSTGRES_PASSWORD"] == {"name": "POSTGRES_PASSWORD", "secureValue": password}
    assert all(password not in v.get("value", "") for v in (*service.values(), *postgres.values()))


def test_the_service_is_told_which_seed_to_echo():
    environment = an_environment(sha=SHA, incarnation=1)

    found = variables(a_group(environment), 0)

    assert found["SEED_ID"]["value"] == seed_id(environment)
    assert found["COMMIT"]["value"] == SHA


def test_the_password_lasts_until_it_is_built_anew():
    first = bodies.database_password(an_environment(incarnation=1, sha=SHA), KEY)

    assert first == bodies.database_password(an_environment(incarnation=1, sha="b" * 40), KEY)
    assert first != bodies.database_password(an_environment(incarnation=2), KEY)
    assert first != bodies.database_password(an_environment(incarnation=1), b"x" * 32)
    assert first != bodies.database_password(an_environment(incarnation=1, name="pr-8-x"), KEY)


def test_the_revision_names_the_content_and_not_the_expiry():
    environment = an_environment(sha=SHA, incarnation=1)
    body = a_group(environment)

    later = a_group(replace(environment, expires_at=START))
    pushed = a_group(replace(environment, sha="b" * 40))

    assert later["tags"]["tesoro-revision"] == body["tags"]["tesoro-revision"]
    assert pushed["tags"]["tesoro-revision"] != body["tags"]["tesoro-revision"]


def test_an_azure_registry_is_entered_by_the_identity():
    body = a_group(preview=a_preview(registry=REGISTRY), login=("ines", "word"))

    assert body["properties"]["imageRegistryCredentials"] == [
        {"server": "tesoroxp.azurecr.io", "identity": IDENTITY}
    ]


def test_another_registry_is_entered_by_its_login():
    body = a_group(login=("ines", "word"))

    assert body["properties"]["imageRegistryCredentials"] == [
        {"server": "ghcr.io", "username": "ines", "password": "word"}
    ]


def test_a_public_registry_is_entered_by_nobody():
    assert "imageRegistryCredentials" not in a_group()["properties"]


def test_a_preview_without_a_commit_still_makes_a_body():
    body = a_group(an_environment(incarnation=1))

    assert variables(body, 0)["COMMIT"]["value"] == ""


def test_a_new_image_keeps_the_shape():
    assert bodies.has_same_shape(a_group(), a_group(an_environment(sha="b" * 40)))


def test_what_azure_answers_has_the_shape_of_what_was_sent():
    wanted = a_group()
    answered = a_group()
    for container in answered["properties"]["containers"]:
        properties = container["properties"]
        properties["resources"]["requests"] = {
            name: int(amount) if amount == int(amount) else amount
            for name, amount in properties["resources"]["requests"].items()
        }
        properties["ports"] = properties["ports"] or None
        properties["instanceView"] = {"restartCount": 0}

    assert bodies.has_same_shape(answered, wanted)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"cpu": 2.0}, id="cpu"),
        pytest.param({"memory_gb": 3}, id="memory"),
        pytest.param({"port": 9090}, id="port"),
    ],
)
def test_another_size_or_port_is_another_shape(other: dict[str, Any]):
    assert not bodies.has_same_shape(a_group(), a_group(preview=a_preview(**other)))


def test_nothing_has_another_shape_than_something():
    assert not bodies.has_same_shape({}, a_group())


def test_the_right_to_pull_has_one_id_however_it_is_written():
    upper = bodies.pull_right_id(REGISTRY.id.upper(), IDENTITY.upper())

    lower = bodies.pull_right_id(REGISTRY.id, IDENTITY)

    assert lower.rsplit("/", 1)[1] == upper.rsplit("/", 1)[1]


def test_the_right_to_pull_names_one_repository():
    found = bodies.pull_right("11111111-2222-4333-8444-555555555555", "p", "rewards-api")

    assert found["properties"]["condition"].endswith("StringEqualsIgnoreCase 'rewards-api'))")
    assert found["properties"]["principalType"] == "ServicePrincipal"
