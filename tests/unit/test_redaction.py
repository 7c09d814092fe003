"""What a container's log may show."""

import pytest

from provisioning.environments.redaction import HIDDEN, redact

SECRETS = [
    pytest.param("postgresql://tesoro:SECRET@127.0.0.1/x", id="address"),
    pytest.param("password=SECRET", id="password"),
    pytest.param("PASSWORD: SECRET", id="upper case"),
    pytest.param("passwd = 'SECRET of two words'", id="quoted"),
    pytest.param('pwd="SECRET; and more"', id="double quoted"),
    pytest.param("AccountKey=SECRET;EndpointSuffix=core", id="connection string"),
    pytest.param("https://blob/x?sv=1&sig=SECRET&se=2", id="signed address"),
    pytest.param("api-key: SECRET", id="api key"),
    pytest.param("GITHUB_TOKEN=SECRET", id="token"),
    pytest.param("Authorization: Bearer SECRET", id="bearer"),
    pytest.param("got eyJhbGciOi.SECRET.c2ln back", id="json web token"),
    pytest.param("ghp_SECRET0123456789abcdefghij", id="github token"),
    pytest.param(
        "-----BEGIN RSA PRIVATE KEY-----\nSECRET\n-----END RSA PRIVATE KEY-----", id="key"
    ),
    pytest.param("-----BEGIN PRIVATE KEY-----\nSECRET", id="key that is cut off"),
]


@pytest.mark.parametrize("line", SECRETS)
def test_what_looks_like_a_secret_is_hidden(line: str):
    shown = redact(f"before\n{line}\nafter")

    assert "SECRET" not in shown
    assert HIDDEN in shown
    assert shown.startswith("before\n")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("listening on http://0.0.0.0:8080/health", id="address"),
        pytest.param("connection refused: 127.0.0.1:5432", id="host and port"),
        pytest.param("no password supplied", id="a sentence about one"),
    ],
)
def test_what_helps_to_find_a_fault_stays(line: str):
    assert redact(line) == line


def test_known_secrets_are_hidden_wherever_they_stand():
    assert redact("a s3cr3t, twice s3cr3t", ["s3cr3t", ""]) == f"a {HIDDEN}, twice {HIDDEN}"


def test_the_end_of_a_long_log_is_shown():
    shown = redact("start " + "x" * 5000 + " end")

    assert len(shown) == 4000
    assert shown.endswith(" end")
