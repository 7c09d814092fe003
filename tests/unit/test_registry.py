"""Which digest does a tag name? On a real socket, of a good registry and of bad ones."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from local.registry import shelf
from local.registry.door import Fault
from local.registry.gate import Rules, Way
from local.registry.server import Running, running
from provisioning.errors import TerminalError, TransientError
from provisioning.registry import MEDIA_TYPES, Registry, is_azures

from .server import Answer, Server

NAME = "tesoro/rewards-api"
TAG = "c" * 40
IMAGE = f"ghcr.io/{NAME}:{TAG}"
MANIFEST = f"/v2/{NAME}/manifests/{TAG}"
DIGEST = "sha256:" + "d" * 64
SCOPE = f"repository:{NAME}:pull"
LOGIN = ("ines", "a word that only tests share")
ENTRA = "entra.token.of-the-identity"
PRIVATE = Rules(logins=dict([LOGIN]), private={NAME})


class Uptime:
    """Seconds that a test counts."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Return them."""
        return self.seconds


class Identity:
    """A managed identity, or one that cannot be had."""

    def __init__(self, fault: str | None = None) -> None:
        self.fault = fault
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return the token of Entra ID."""
        self.scopes += scopes
        if self.fault is not None:
            raise ClientAuthenticationError(self.fault)
        return AccessToken(ENTRA, 0)


@pytest.fixture
def uptime() -> Uptime:
    """The clock by which tokens end."""
    return Uptime()


@contextmanager
def asking(url: str, uptime: Uptime, **given: Any) -> Iterator[Registry]:
    """Ask the registry there."""
    client = Registry(url, uptime=uptime, **given)
    yield client
    client.close()


@contextmanager
def a_registry(uptime: Uptime, rules: Rules | None = None, **given: Any) -> Iterator[Any]:
    """Run a registry with these rules, and ask it."""
    with running(rules, clock=uptime) as there, asking(there.url, uptime, **given) as client:
        yield there, client


@pytest.fixture
def client(server: Server, uptime: Uptime) -> Iterator[Registry]:
    """Ask the scripted server, with a login that must not go astray."""
    with asking(server.url, uptime, login=LOGIN) as made:
        yield made


def asked(there: Running) -> list[str]:
    """Return what the registry was asked, in order."""
    return [f"{one.method} {one.path}" for one in there.door.asked]


def refused(client: Registry) -> str:
    """Return the sentence with which a person is asked for help."""
    with pytest.raises(TerminalError) as caught:
        client.digest(IMAGE)
    assert caught.value.code == "registry_refused"
    return str(caught.value)


def unavailable(client: Registry) -> TransientError:
    """Return the error that says when to ask again."""
    with pytest.raises(TransientError) as caught:
        client.digest(IMAGE)
    assert caught.value.code == "registry_unavailable"
    return caught.value


def challenge(server: Server, realm: str | None = None, *, status: int = 401) -> Answer:
    """Return a 401 that sends for a token to `realm`."""
    where = f'Bearer realm="{realm or server.url + "/token"}",service="registry",scope="{SCOPE}"'
    return Answer(status=status, headers={"WWW-Authenticate": where})


def guarded(server: Server, token: Answer, realm: str | None = None) -> None:
    """Have the server want a token, and have its token service answer so."""
    shown = Answer(headers={"Docker-Content-Digest": DIGEST})
    server.on(f"HEAD {MANIFEST}", challenge(server, realm), shown)
    server.on("GET /token", token)


# What a tag names


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_tag_names_a_digest_whatever_it_points_at(media_type: str, uptime: Uptime):
    with a_registry(uptime) as (there, client):
        pushed = there.push(NAME, TAG, media_type=media_type)

        assert client.digest(IMAGE) == pushed


def test_a_tag_that_is_moved_names_another(uptime: Uptime):
    with a_registry(uptime) as (there, client):
        before, now = there.push(NAME, TAG), there.push(NAME, TAG, body=b"{}")

        assert client.digest(IMAGE) == now != before


@pytest.mark.parametrize("known", [True, False], ids=["tag", "repository"])
def test_what_is_not_there_is_none(known: bool, uptime: Uptime):
    with a_registry(uptime) as (there, client):
        if known:
            there.push(NAME, "another")

        assert client.digest(IMAGE) is None


@pytest.mark.parametrize(
    ("image", "path", "tag"),
    [
        pytest.param(f"{NAME}:1.0", NAME, "1.0", id="no host"),
        pytest.param(f"127.0.0.1:5000/{NAME}:1.0", NAME, "1.0", id="port"),
        pytest.param(f"tesoroxp.azurecr.io/{NAME}", NAME, "latest", id="no tag"),
        pytest.param("ghcr.io/a/b_c/d--e.f:A_b.c-1", "a/b_c/d--e.f", "A_b.c-1", id="long"),
    ],
)
def test_an_image_is_asked_for_by_its_path(image: str, path: str, tag: str, uptime: Uptime):
    with a_registry(uptime) as (there, client):
        pushed = there.push(path, tag)

        assert client.digest(image) == pushed


@pytest.mark.parametrize(
    "image",
    [
        "",
        "ghcr.io/",
        "ghcr.io/Tesoro/api:1",
        f"{NAME}:",
        f"{NAME}:a/b",
        f"{NAME}:1?x=y",
        f"{NAME}@{DIGEST}",
        "../../oauth2/token:1",
        f"https://ghcr.io/{NAME}:1",
        f"ghcr.io/{NAME}:1\r\nX-A: b",
        "a" * 1000,
    ],
)
def test_what_is_no_image_is_never_asked_for(image: str, client: Registry, server: Server):
    with pytest.raises(TerminalError) as caught:
        client.digest(image)

    assert caught.value.code == "image_malformed"
    assert server.asked == []


def test_a_registry_that_does_not_tell_the_digest_is_asked_for_the_manifest(
    client: Registry, server: Server
):
    body = json.dumps({"schemaVersion": 2}).encode()
    kind = {"Content-Type": f"{shelf.OCI_INDEX}; charset=utf-8"}
    server.on(f"HEAD {MANIFEST}", Answer(headers={"Docker-Content-Digest": "md5:1"}))
    server.on(f"GET {MANIFEST}", Answer(body=body, headers=kind))

    assert client.digest(IMAGE) == f"sha256:{hashlib.sha256(body).hexdigest()}"


def test_a_manifest_that_goes_away_meanwhile_is_none(client: Registry, server: Server):
    server.on(f"HEAD {MANIFEST}", Answer())
    server.on(f"GET {MANIFEST}", Answer(status=404))

    assert client.digest(IMAGE) is None


def test_a_page_is_no_manifest(client: Registry, server: Server):
    server.on(f"HEAD {MANIFEST}", Answer(body=b""))
    server.on(f"GET {MANIFEST}", Answer(body=b"<html>"))

    assert "no manifest" in str(unavailable(client))


# Tokens


def test_a_token_is_asked_for_once_for_each_repository(uptime: Uptime):
    with a_registry(uptime) as (there, client):
        there.push(NAME, TAG)
        client.digest(IMAGE)
        client.digest(IMAGE)
        client.digest("ghcr.io/tesoro/other:1")

        other = "HEAD /v2/tesoro/other/manifests/1"
        assert asked(there) == [
            *(f"HEAD {MANIFEST}", "GET /token", f"HEAD {MANIFEST}"),
            f"HEAD {MANIFEST}",
            *(other, "GET /token", other),
        ]


@pytest.mark.parametrize(
    ("lasts", "kept"), [pytest.param(300, 289, id="said"), pytest.param(None, 49, id="not said")]
)
def test_a_token_is_kept_until_shortly_before_its_end(
    lasts: int | None, kept: int, uptime: Uptime
):
    with a_registry(uptime, Rules(lasts=lasts, names_token="access_token")) as (there, client):
        there.push(NAME, TAG)
        client.digest(IMAGE)

        uptime.seconds += kept
        client.digest(IMAGE)
        assert asked(there).count("GET /token") == 1

        uptime.seconds += 2
        client.digest(IMAGE)
        assert asked(there).count("GET /token") == 2


def test_a_token_that_is_taken_back_is_replaced(uptime: Uptime):
    with a_registry(uptime) as (there, client):
        pushed = there.push(NAME, TAG)
        client.digest(IMAGE)
        there.door.gate.revoke()

        assert client.digest(IMAGE) == pushed
        assert asked(there).count("GET /token") == 2


def test_many_who_wait_for_a_token_share_one(uptime: Uptime):
    with a_registry(uptime) as (there, client):
        pushed, found = there.push(NAME, TAG), []
        threads = [
            threading.Thread(target=lambda: found.append(client.digest(IMAGE))) for _ in range(6)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

        assert found == [pushed] * 6
        assert asked(there).count("GET /token") == 1


@pytest.mark.parametrize(
    "lasts",
    [-1, 0, "300", None, True, 10**400, float("inf"), float("nan")],
    ids=lambda value: str(value)[:9],
)
def test_a_token_that_lasts_for_nonsense_serves(lasts: Any, client: Registry, server: Server):
    guarded(server, Answer(body={"token": "abc", "expires_in": lasts}))

    assert client.digest(IMAGE) == DIGEST
    assert server.calls(f"HEAD {MANIFEST}")[1].headers["authorization"] == "Bearer abc"


def test_the_right_that_is_asked_for_is_ours_to_say(client: Registry, server: Server):
    guarded(server, Answer(body={"token": "abc"}))
    wide = f'Bearer realm="{server.url}/token?x=y",scope="repository:{NAME}:pull,push,delete"'
    server.on(
        f"HEAD {MANIFEST}",
        Answer(status=401, headers={"WWW-Authenticate": f"Basic, {wide}"}),
        Answer(headers={"Docker-Content-Digest": DIGEST}),
    )

    assert client.digest(IMAGE) == DIGEST
    (token,) = server.calls("GET /token")
    assert parse_qs(urlsplit(token.path).query) == {
        "x": ["y"],
        "scope": [SCOPE],
        "service": ["127.0.0.1"],
    }


# Logins


def test_a_private_repository_is_shown_to_the_login(uptime: Uptime):
    with a_registry(uptime, PRIVATE, login=LOGIN) as (there, client):
        pushed = there.push(NAME, TAG)

        assert client.digest(IMAGE) == pushed


def test_a_plain_login_is_given_where_one_is_asked_for(uptime: Uptime):
    rules = Rules(way=Way.BASIC, logins=dict([LOGIN]))
    with a_registry(uptime, rules, login=LOGIN) as (there, client):
        pushed = there.push(NAME, TAG)

        assert client.digest(IMAGE) == pushed
        assert client.digest(IMAGE) == pushed
        assert len(asked(there)) == 3


def test_a_registry_that_asks_nothing_is_told_nothing(uptime: Uptime):
    with a_registry(uptime, Rules(way=Way.NONE), login=LOGIN) as (there, client):
        pushed = there.push(NAME, TAG)

        assert client.digest(IMAGE) == pushed
        assert "authorization" not in there.door.asked[0].headers


@pytest.mark.parametrize("way", [Way.TOKEN, Way.BASIC])
@pytest.mark.parametrize(
    ("login", "remedy"),
    [
        pytest.param(None, "set REGISTRY_USERNAME and REGISTRY_PASSWORD", id="none"),
        pytest.param(("ines", "a wrong word"), "check REGISTRY_USERNAME", id="wrong"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do(
    way: Way, login: tuple[str, str] | None, remedy: str, uptime: Uptime
):
    rules = Rules(way=way, logins=dict([LOGIN]), private={NAME})
    with a_registry(uptime, rules, login=login) as (there, client):
        there.push(NAME, TAG)

        said = refused(client)

        assert remedy in said
        assert NAME in said
        assert "wrong word" not in said


def test_who_is_let_in_later_need_not_wait_for_a_tokens_end(uptime: Uptime):
    with a_registry(uptime, PRIVATE) as (there, client):
        pushed = there.push(NAME, TAG)
        refused(client)
        there.door.gate.rules = Rules()

        assert client.digest(IMAGE) == pushed


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Negotiate", ",,=", 'realm="x"', 'Digest realm="x"', "Bearer " + "a" * 9000],
    ids=lambda header: header[:12],
)
def test_a_challenge_that_nobody_can_answer_is_a_refusal(
    header: str, client: Registry, server: Server
):
    server.on(f"HEAD {MANIFEST}", Answer(status=401, headers={"WWW-Authenticate": header}))

    assert refused(client)
    assert all("authorization" not in one.headers for one in server.asked)


# Where a login may go


@pytest.mark.parametrize(
    "realm",
    [
        "https://evil.example/token",
        "https://127.0.0.1/token",
        "http://127.0.0.1:9/token",
        "http://127.0.0.1.evil.example/token",
        "//evil.example/token",
        "/token",
        "http://ines:word@{own}/token",
        "http://{own}@evil.example/token",
        "http://{own}\\@evil.example/token",
        "http://evil.example#@{own}/token",
        "https://auth.docker.io/token",
        "file:///etc/passwd",
        "http://[::1",
    ],
)
def test_a_login_goes_to_no_other_host(realm: str, client: Registry, server: Server):
    guarded(server, Answer(body={"token": "abc"}), realm.format(own=urlsplit(server.url).netloc))

    assert "a host that is not known to be its own" in refused(client)
    assert server.calls("GET /token") == []


@pytest.mark.parametrize(
    ("registry", "realm", "may"),
    [
        ("https://ghcr.io", "https://ghcr.io/token", True),
        ("https://ghcr.io", "https://ghcr.io:443/token", True),
        ("https://ghcr.io", "http://ghcr.io/token", False),
        ("https://ghcr.io", "https://ghcr.io:8443/token", False),
        ("https://registry-1.docker.io", "https://auth.docker.io/token", True),
        ("https://registry-1.docker.io", "http://auth.docker.io/token", False),
        ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", True),
        ("https://tesoroxp.azurecr.io", "https://tesoroxp.azurecr.io/oauth2/token", True),
        ("https://tesoroxp.azurecr.io", "https://evil.azurecr.io/oauth2/token", False),
        ("https://tesoroxp.azurecr.io", "https://azurecr.io/oauth2/token", False),
    ],
)
def test_a_host_is_the_registrys_own_or_known_to_be(
    registry: str, realm: str, may: bool, uptime: Uptime
):
    with asking(registry, uptime) as client:
        if may:
            assert client._realm(realm).path.endswith(("token", "auth"))
            return
        with pytest.raises(TerminalError):
            client._realm(realm)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("at", ["manifest", "token"])
def test_a_redirect_is_not_followed(status: int, at: str, client: Registry, server: Server):
    away = Answer(status=status, headers={"Location": f"{server.url}/elsewhere"})
    guarded(server, away if at == "token" else Answer(body={"token": "abc"}))
    if at == "manifest":
        server.on(f"HEAD {MANIFEST}", away)

    assert "set REGISTRY_URL to its own address" in refused(client)
    assert server.calls("HEAD /elsewhere") == server.calls("GET /elsewhere") == []


# Registries that are not well


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "17"}, 17, id="seconds"),
        pytest.param({"retry-after": "999999999"}, 3600, id="for ever"),
        pytest.param({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60, id="a date"),
        pytest.param({"retry-after": "9" * 400}, 60, id="a huge number"),
        pytest.param({}, 60, id="not said"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/", "/token"])
def test_a_registry_may_ask_for_fewer_calls(
    headers: dict[str, str], seconds: int, path: str, uptime: Uptime
):
    with a_registry(uptime) as (there, client):
        there.door.fail(Fault(status=429, path=path, headers=headers))

        with pytest.raises(TransientError) as caught:
            client.digest(IMAGE)

        assert (caught.value.code, caught.value.after) == (
            "registry_throttled",
            timedelta(seconds=seconds),
        )
        assert client.digest(IMAGE) is None


@pytest.mark.parametrize("path", ["/v2/", "/token"])
@pytest.mark.parametrize("status", [408, 500, 502, 503])
def test_a_registry_that_is_down_is_asked_again(status: int, path: str, uptime: Uptime):
    with a_registry(uptime) as (there, client):
        there.door.fail(Fault(status=status, path=path, headers={"retry-after": "7"}))

        assert unavailable(client).after == timedelta(seconds=7)
        assert client.digest(IMAGE) is None


@pytest.mark.parametrize("path", ["/v2/", "/token"])
@pytest.mark.parametrize("status", [400, 403, 405, 451])
def test_a_registry_that_refuses_is_not_asked_again(status: int, path: str, uptime: Uptime):
    with a_registry(uptime) as (there, client):
        there.door.fail(Fault(status=status, path=path))

        assert f"answered {status}" in refused(client)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"[" * 50_000, id="open brackets"),
        pytest.param(b"", id="nothing"),
        pytest.param(["abc"], id="a list"),
        pytest.param({}, id="no token"),
        pytest.param({"token": 7}, id="a number"),
        pytest.param({"token": "a\r\nX-A: b"}, id="lines"),
        pytest.param({"token": "señal"}, id="not ASCII"),
        pytest.param({"token": ""}, id="empty"),
        pytest.param(b'{"token":"' + b"a" * 65_536 + b'"}', id="huge"),
    ],
)
def test_a_broken_token_is_asked_for_again(body: Any, client: Registry, server: Server):
    guarded(server, Answer(body=body))

    assert unavailable(client).after == timedelta(seconds=30)


def test_an_answer_that_is_encoded_unasked_is_not_read(client: Registry, server: Server):
    guarded(server, Answer(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}))

    assert "encoded" in str(unavailable(client))


def test_a_huge_answer_is_not_read_to_its_end(client: Registry, server: Server):
    sent = []

    def pour(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            for _ in range(1000):
                handler.wfile.write(b"x" * 65_536)
                sent.append(1)

    server.on(f"HEAD {MANIFEST}", Answer())
    server.on(f"GET {MANIFEST}", pour)

    assert "65536 bytes" in str(unavailable(client))
    assert len(sent) < 1000


def test_silence_is_not_waited_for(server: Server, uptime: Uptime):
    enough = threading.Event()
    server.on(f"HEAD {MANIFEST}", lambda _: enough.wait(5))

    with asking(server.url, uptime, longest=0.25) as client:
        assert "ReadTimeout" in str(unavailable(client))
    enough.set()


def test_an_answer_that_drips_is_not_waited_for(server: Server):
    enough = threading.Event()

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while not enough.wait(0.05):
                handler.wfile.write(b"x")

    server.on(f"HEAD {MANIFEST}", Answer())
    server.on(f"GET {MANIFEST}", drip)
    client = Registry(server.url, uptime=time.monotonic, longest=0.25)

    found = unavailable(client)

    enough.set()
    client.close()
    assert "did not end in 0.25 s" in str(found)


def test_nobody_there_is_asked_again(uptime: Uptime):
    with asking("http://127.0.0.1:9", uptime) as client:
        assert "ConnectError" in str(unavailable(client))


# An Azure registry


def azures(**given: Any) -> Rules:
    """Return the rules of an Azure registry that believes the identity."""
    return Rules(**{"way": Way.AZURE, "entra": {ENTRA}, "private": {NAME}, "lasts": None, **given})


def test_an_azure_registry_takes_a_token_of_entra(uptime: Uptime):
    identity, made = Identity(), []
    rules = azures(names_token="access_token")

    def credential() -> Identity:
        made.append(identity)
        return identity

    with a_registry(uptime, rules, credential=credential) as (there, client):
        pushed = there.push(NAME, TAG)

        assert client.digest(IMAGE) == client.digest(IMAGE) == pushed
        assert asked(there) == [
            f"HEAD {MANIFEST}",
            "POST /oauth2/exchange",
            "POST /oauth2/token",
            f"HEAD {MANIFEST}",
            f"HEAD {MANIFEST}",
        ]
        assert client.digest("tesoroxp.azurecr.io/tesoro/other:1") is None
        assert made == [identity]
        assert identity.scopes == ["https://containerregistry.azure.net/.default"] * 2
        assert all(ENTRA not in one.path + str(one.query) for one in there.door.asked)


def test_an_azure_registry_that_does_not_believe_the_identity_says_what_to_do(uptime: Uptime):
    rules = azures(entra=frozenset())
    with a_registry(uptime, rules, credential=Identity) as (there, client):
        there.push(NAME, TAG)

        said = refused(client)

        assert "give the app's identity the right to pull it" in said
        assert ENTRA not in said


def test_without_an_identity_it_is_asked_again(uptime: Uptime):
    with a_registry(uptime, azures(), credential=lambda: Identity("none here")) as (_, client):
        with pytest.raises(TransientError) as caught:
            client.digest(IMAGE)

        assert caught.value.code == "unauthenticated"


def test_an_azure_registry_has_logins_too(uptime: Uptime):
    with a_registry(uptime, azures(logins=dict([LOGIN])), login=LOGIN) as (there, client):
        pushed = there.push(NAME, TAG)

        assert client.digest(IMAGE) == pushed


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://tesoroxp.azurecr.io", True),
        ("http://tesoroxp.azurecr.io", False),
        ("https://azurecr.io", False),
        ("https://tesoroxp.azurecr.io.evil.example", False),
        ("https://ghcr.io", False),
    ],
)
def test_only_an_azure_registry_is_given_a_token_of_entra(url: str, answer: bool):
    assert is_azures(url) is answer
