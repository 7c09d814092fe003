"""Everything that can be set, and every fault in it at once."""

from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import SettingsError
from provisioning.services import SystemClock, build
from provisioning.settings import ROOT, Settings

from .builders import an_environ


def faults(**given: str | None) -> tuple[str, ...]:
    """Return what is wrong with the least environment, changed as given."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(an_environ(**given))
    return caught.value.faults


def settings(**given: str | None) -> Settings:
    """Return the settings of the least environment, changed as given."""
    return Settings.from_env(an_environ(**given))


def test_the_least_that_must_be_set_is_enough():
    found = settings()

    assert found.public_url == "https://control.example"
    assert found.catalog == ROOT / "environments.toml"
    assert found.resource_manager == "https://management.azure.com"
    assert found.github_url == "https://api.github.com"
    assert found.webhook_secrets == (b"a secret that only tests share",)
    assert found.preview_url == "http://{fqdn}:{port}"
    assert (found.client_id, found.registry_login) == (None, None)
    assert found.github_key.count("\n") == 2


def test_the_issuers_are_those_of_the_tenant_and_of_actions():
    found = settings()

    tenant = "99999999-8888-4777-8666-555555555555"
    assert found.entra.issuer == f"https://login.microsoftonline.com/{tenant}/v2.0"
    assert found.entra.keys == f"https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys"
    assert (found.entra.audience, found.entra.tenant) == ("api://control", tenant)
    assert found.actions.issuer == "https://token.actions.githubusercontent.com"
    assert (found.actions.audience, found.actions.tenant) == ("control", None)


def test_every_missing_setting_is_named_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({})

    assert {text.split(" ")[0] for text in caught.value.faults} == {
        "ControlStorage",
        "PUBLIC_URL",
        "AZURE_SUBSCRIPTION_ID",
        "AZURE_TENANT_ID",
        "GITHUB_APP_ID",
        "GITHUB_APP_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
        "ENTRA_AUDIENCE",
        "ACTIONS_AUDIENCE",
        "PREVIEW_KEY",
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("AZURE_TENANT_ID", "tesoro", "must be a GUID", id="tenant"),
        pytest.param("AZURE_SUBSCRIPTION_ID", "1" * 36, "must be a GUID", id="subscription"),
        pytest.param("PUBLIC_URL", "control.example", "must be an absolute", id="no scheme"),
        pytest.param("PUBLIC_URL", "ftp://control.example", "must be an absolute", id="ftp"),
        pytest.param("PUBLIC_URL", "https:///path", "must be an absolute", id="no host"),
        pytest.param("PUBLIC_URL", "https://[::1", "must be an absolute", id="half an address"),
        pytest.param("AZURE_RESOURCE_MANAGER_URL", "x", "must be an absolute", id="arm"),
        pytest.param("GITHUB_API_URL", "x", "must be an absolute", id="github"),
        pytest.param("ENTRA_ISSUER", "x", "must be an absolute", id="issuer"),
        pytest.param("ACTIONS_JWKS_URL", "x", "must be an absolute", id="keys"),
        pytest.param("CATALOG_FILE", "nowhere.toml", "which is not a file", id="catalog"),
        pytest.param("GITHUB_APP_PRIVATE_KEY", "hunter2", "in PEM form", id="pem"),
        pytest.param("GITHUB_WEBHOOK_SECRET", "short", "at least 16", id="secret"),
        pytest.param("PREVIEW_KEY", "short", "at least 32", id="key"),
        pytest.param("PREVIEW_URL", "http://{host}", "must contain {fqdn}", id="template"),
        pytest.param(
            "ControlStorage", "hello", "must be a storage connection string", id="storage"
        ),
    ],
)
def test_a_malformed_setting_is_named_with_its_remedy(name: str, value: str, words: str):
    (found,) = faults(**{name: value})

    assert found.startswith(f"{name} ")
    assert words in found


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        pytest.param({"REGISTRY_USERNAME": "ines"}, "REGISTRY_PASSWORD", id="no password"),
        pytest.param({"REGISTRY_PASSWORD": "word"}, "REGISTRY_USERNAME", id="no username"),
    ],
)
def test_half_a_login_is_a_fault(given: dict[str, str], missing: str):
    (found,) = faults(**given)

    assert found.startswith(f"{missing} is missing")


def test_faults_of_every_kind_are_named_together():
    found = faults(PUBLIC_URL="x", AZURE_TENANT_ID="y", PREVIEW_KEY=None, ControlStorage=None)

    assert len(found) == 4


def test_blank_is_missing():
    (found,) = faults(PREVIEW_KEY="   ")

    assert found.startswith("PREVIEW_KEY is missing")


def test_a_login_is_both_words():
    found = settings(REGISTRY_USERNAME="ines", REGISTRY_PASSWORD="word")

    assert found.registry_login == ("ines", "word")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://ghcr.io", "https://ghcr.io"),
        ("https://TesoroXP.azurecr.io/", "https://tesoroxp.azurecr.io"),
        ("https://registry:5000", "https://registry:5000"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("", None),
        (None, None),
    ],
)
def test_a_registry_is_a_host(given: str | None, url: str | None):
    assert settings(REGISTRY_URL=given).registry_url == url


@pytest.mark.parametrize(
    "given",
    [
        "ghcr.io",
        "http://ghcr.io",
        "http://127.0.0.1.evil.example",
        "https://ines:word@ghcr.io",
        "https://ghcr.io/tesoro",
        "https://ghcr.io?a=b",
        "https://ghcr.io:65536",
        "https://..",
        "https://",
    ],
)
def test_a_login_goes_to_no_registry_that_is_more_or_less_than_a_host(given: str):
    (found,) = faults(REGISTRY_URL=given)

    assert found == "REGISTRY_URL must be https and a host alone, such as https://ghcr.io"


@pytest.mark.parametrize(
    ("given", "knows_us"),
    [
        pytest.param({}, None, id="no registry"),
        pytest.param({"REGISTRY_URL": "https://ghcr.io"}, False, id="somebody else's"),
        pytest.param({"REGISTRY_URL": "https://tesoroxp.azurecr.io"}, True, id="Azure's"),
        pytest.param(
            {
                "REGISTRY_URL": "https://tesoroxp.azurecr.io",
                "REGISTRY_USERNAME": "ines",
                "REGISTRY_PASSWORD": "word",
            },
            False,
            id="Azure's, with a login",
        ),
    ],
)
def test_our_identity_is_for_azures_registries_alone(given: dict[str, str], knows_us: bool | None):
    registry = build(settings(**given), clock=SystemClock(), workflows={}).registry

    assert (None if registry is None else registry._credential is not None) is knows_us


def test_while_a_secret_is_changed_both_count():
    found = settings(GITHUB_WEBHOOK_SECRET_PREVIOUS="the one before")

    assert found.webhook_secrets == (b"a secret that only tests share", b"the one before")


@pytest.mark.parametrize("relative", [True, False])
def test_the_catalog_may_lie_elsewhere(relative: bool, tmp_path: Path):
    elsewhere = tmp_path / "other.toml"
    elsewhere.write_text("")
    given = "pyproject.toml" if relative else str(elsewhere)

    found = settings(CATALOG_FILE=given)

    assert found.catalog == (ROOT / "pyproject.toml" if relative else elsewhere)


def test_what_is_urgent_may_have_an_identity_of_its_own():
    assert settings().urgent_client_id is None
    assert settings(AZURE_URGENT_CLIENT_ID="u").urgent_client_id == "u"


@pytest.mark.parametrize(
    ("given", "is_one"),
    [
        pytest.param({}, True, id="none is named"),
        pytest.param({"AZURE_URGENT_CLIENT_ID": "u"}, False, id="one of its own"),
        pytest.param({"AZURE_CLIENT_ID": "u", "AZURE_URGENT_CLIENT_ID": "u"}, True, id="the same"),
    ],
)
def test_azure_is_asked_by_two_clients_where_there_are_two_identities(
    given: dict[str, str], is_one: bool
):
    built = build(settings(**given), clock=SystemClock(), workflows={})

    assert (built.urgent is built.azure) == is_one


def test_storage_may_be_a_connection_string():
    found = settings(ControlStorage="UseDevelopmentStorage=true").storage

    assert (found.text, found.addresses) == ("UseDevelopmentStorage=true", ())


def test_storage_may_be_an_account_for_an_identity():
    found = settings(
        ControlStorage=None, ControlStorage__accountName="tesoro", ControlStorage__clientId="c"
    ).storage

    assert found.text is None
    assert found.client_id == "c"
    assert dict(found.addresses) == {
        "blob": "https://tesoro.blob.core.windows.net",
        "queue": "https://tesoro.queue.core.windows.net",
        "table": "https://tesoro.table.core.windows.net",
    }


def test_storage_may_be_an_address_for_each_service():
    addresses = {
        f"ControlStorage__{s}ServiceUri": f"https://{s}.example" for s in ("blob", "queue")
    }

    found = settings(
        ControlStorage=None, ControlStorage__accountName="tesoro", **addresses
    ).storage

    assert dict(found.addresses) == {
        "blob": "https://blob.example",
        "queue": "https://queue.example",
        "table": "https://tesoro.table.core.windows.net",
    }


def test_storage_that_lacks_a_service_is_missing():
    (found,) = faults(ControlStorage=None, ControlStorage__blobServiceUri="https://blob.example")

    assert found.startswith(
        "ControlStorage is missing; set a connection string, ControlStorage__accountName"
    )


def test_an_identity_reaches_each_service_at_its_address():
    storage = settings(ControlStorage=None, ControlStorage__accountName="tesoro").storage

    def kind(**given: Any) -> dict[str, Any]:
        return given

    table, queue = storage.client(kind, "table"), storage.client(kind, "queue")

    assert table["endpoint"] == "https://tesoro.table.core.windows.net"
    assert queue["account_url"] == "https://tesoro.queue.core.windows.net"
    assert table["retry_total"] == queue["retry_total"] == 0
    for given in (table, queue):
        given["credential"].close()


def test_secrets_never_stand_in_the_settings_text():
    text = repr(settings(REGISTRY_USERNAME="ines", REGISTRY_PASSWORD="word"))

    for secret in ("only tests", "kkkk", "PRIVATE", "word", "a2V5"):
        assert secret not in text


def test_the_process_own_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch):
    for name, value in an_environ(PUBLIC_URL="https://other.example").items():
        monkeypatch.setenv(name, value)

    assert Settings.from_env().public_url == "https://other.example"
