"""The catalog: read whole, or refused with every fault."""

from datetime import timedelta

import pytest

from provisioning.catalog import Catalog, Registry, preview_name, preview_parts, read
from provisioning.errors import SettingsError
from tests.builders import SHA, the_catalog

FILE = "environments.toml"
REGISTRY = (
    "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/shared"
    "/providers/Microsoft.ContainerRegistry/registries/TesoroXP"
)
LEAST = """
[defaults]
location = "westeurope"
owner = "platform"
"""
SERVICE = """
[services.rewards-api]
repository = "tesoro/rewards-api"
repository_id = 1296269
"""
PREVIEW = """
[services.rewards-api.preview]
workflow = "build"
image = "ghcr.io/tesoro/rewards-api:{sha}"
postgres = "postgres:18.1"
redis = "redis:8.4"
"""


def faults(text: str) -> list[str]:
    """Return what is wrong with the text."""
    with pytest.raises(SettingsError) as caught:
        read(text, FILE)
    return list(caught.value.faults)


def catalog(*parts: str) -> Catalog:
    """Return the catalog that the parts make."""
    return read("".join(parts), FILE)


def test_the_catalog_of_the_repository_is_valid():
    found = the_catalog()

    service = found.service_of(1296269)
    assert service is not None
    assert (service.name, service.repository) == ("rewards-api", "tesoro/rewards-api")
    assert found.expiry == timedelta(hours=72)
    assert found.group_of("pr-7-rewards-api") == "rg-tesoro-pr-7-rewards-api"


def test_what_is_not_said_has_a_default():
    found = catalog(LEAST, SERVICE, PREVIEW)

    preview = found.preview_of("rewards-api")
    assert preview is not None
    assert (preview.port, preview.health, preview.cpu, preview.memory_gb) == (
        8080,
        "/health",
        1.0,
        1.5,
    )
    assert preview.registry is None
    assert found.group_prefix == "rg-tesoro-"


def test_a_catalog_may_be_without_services():
    assert catalog(LEAST).services == {}


def test_a_service_may_be_without_previews():
    assert catalog(LEAST, SERVICE).preview_of("rewards-api") is None


def test_what_is_unknown_has_no_service_and_no_preview():
    assert the_catalog().service_of(1) is None
    assert the_catalog().preview_of("members-web") is None


def test_an_image_is_named_by_its_commit():
    preview = the_catalog().preview_of("rewards-api")

    assert preview is not None
    assert preview.image_for(SHA) == f"ghcr.io/tesoro/rewards-api:{SHA}"


def test_a_registry_of_azure_has_its_address():
    registry = f'[services.rewards-api.preview.registry]\nid = "{REGISTRY}"\nrepository = "r"\n'

    preview = catalog(LEAST, SERVICE, PREVIEW, registry).preview_of("rewards-api")

    assert preview is not None
    assert preview.registry == Registry(id=REGISTRY, repository="r")
    assert preview.registry.server == "tesoroxp.azurecr.io"


def test_what_is_not_toml_is_said_to_be_none():
    (found,) = faults("[defaults")

    assert found.startswith(f"{FILE} is not TOML: ")


def test_an_empty_file_lacks_all_that_has_no_default():
    assert faults("") == [
        f"{FILE}: defaults.location is missing",
        f"{FILE}: defaults.owner is missing",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("previews = 1\n" + LEAST, "previews must be a table", id="no table"),
        pytest.param(
            "[defaults]\nlocation = 3\nowner = 'p'", "defaults.location must be text", id="text"
        ),
        pytest.param(
            LEAST + "[previews]\ngroup_prefix = 'a b'",
            "previews.group_prefix must be",
            id="prefix",
        ),
        pytest.param(
            LEAST + "[previews]\nexpiry_hours = 0", "previews.expiry_hours must be", id="nought"
        ),
        pytest.param(
            LEAST + "[previews]\nexpiry_hours = true", "expiry_hours must be a number", id="true"
        ),
        pytest.param(
            LEAST + "[previews]\nexpiry_hours = 'x'", "expiry_hours must be a number", id="word"
        ),
        pytest.param(
            LEAST + "[previews]\nexpiry_hours = inf", "expiry_hours must be a number", id="endless"
        ),
        pytest.param(
            LEAST + "[previews]\nexpiry_hours = nan",
            "expiry_hours must be a number",
            id="no number",
        ),
        pytest.param(
            LEAST + "[previews]\nexpiry_hours = 1e30", "expiry_hours must be a number", id="ages"
        ),
        pytest.param(
            LEAST + SERVICE.replace("rewards-api]", "Rewards--Api]"),
            "services.Rewards--Api must be named with",
            id="name",
        ),
        pytest.param(
            LEAST + SERVICE.replace("tesoro/rewards-api", "rewards-api"),
            "services.rewards-api.repository must be written owner/name",
            id="repository",
        ),
        pytest.param(
            LEAST + SERVICE.replace("1296269", "true"),
            "services.rewards-api.repository_id must be a whole number",
            id="id",
        ),
        pytest.param(
            LEAST + SERVICE + PREVIEW.replace("{sha}", "latest"),
            "services.rewards-api.preview.image must contain {sha}",
            id="image",
        ),
        pytest.param(
            LEAST + SERVICE + PREVIEW + "health = 'health'", "health must be a path", id="health"
        ),
        pytest.param(LEAST + SERVICE + PREVIEW + "port = 0", "port must be from 1", id="port"),
        pytest.param(LEAST + SERVICE + PREVIEW + "cpu = -1", "cpu must be a number", id="cpu"),
        pytest.param(
            LEAST + SERVICE + PREVIEW + "memory_gb = inf",
            "memory_gb must be a number",
            id="memory",
        ),
        pytest.param(
            LEAST + SERVICE + PREVIEW + "registry = {id = 'tesoroxp', repository = 'r'}",
            "registry.id must be the resource id",
            id="registry",
        ),
        pytest.param(
            LEAST + SERVICE + SERVICE.replace("[services.rewards-api]", "[services.other]"),
            "services.other.repository_id is that of rewards-api",
            id="one repository twice",
        ),
    ],
)
def test_a_fault_names_file_key_and_remedy(text: str, fault: str):
    (found,) = faults(text)

    assert found.startswith(f"{FILE}: ")
    assert fault in found


def test_every_fault_is_named_at_once():
    found = faults("[defaults]\n[services.x]\n[services.x.preview]\nport = 70000\n")

    assert {text.split(": ")[1].split(" ")[0] for text in found} == {
        "defaults.location",
        "defaults.owner",
        "services.x.repository",
        "services.x.repository_id",
        "services.x.preview.image",
        "services.x.preview.port",
        "services.x.preview.workflow",
        "services.x.preview.postgres",
        "services.x.preview.redis",
    }


def test_a_preview_is_named_by_number_and_service():
    assert preview_name(7, "rewards-api") == "pr-7-rewards-api"
    assert preview_name(7, "Rewards_API.v2") == "pr-7-rewards-api-v2"


def test_a_long_name_is_cut_with_a_hash():
    one, other = preview_name(7, "a" * 60 + "b"), preview_name(7, "a" * 60 + "c")

    assert len(one) == len(other) == 63
    assert one != other
    assert one[:54] == other[:54]


def test_a_cut_does_not_end_in_two_hyphens():
    name = preview_name(7, "a" * 48 + "-" + "b" * 20)

    assert "--" not in name


def test_a_name_leads_back_to_number_and_service():
    parts = preview_parts("pr-7-rewards-api", the_catalog())

    assert parts is not None
    assert (parts[0], parts[1].name) == (7, "rewards-api")


@pytest.mark.parametrize(
    "name", ["staging", "pr-7", "pr-07-rewards-api", "pr-7-other", "pr-x-rewards-api", ""]
)
def test_a_name_that_is_no_previews_leads_nowhere(name: str):
    assert preview_parts(name, the_catalog()) is None


def test_a_service_without_previews_has_no_preview_names():
    assert preview_parts("pr-7-rewards-api", catalog(LEAST, SERVICE)) is None
