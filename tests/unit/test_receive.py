"""Is a delivery GitHub's, and can it be read?"""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from provisioning.errors import Refusal
from provisioning.github.receive import MOST_BYTES, is_signed, read

from .corpus import VECTORS, vectors

SECRET, BEFORE = b"a secret that only tests share", b"the secret before it"


def sign(body: bytes, secret: bytes = SECRET) -> str:
    """Return the signature of the body."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def headers(body: bytes, **given: str | None) -> dict[str, str]:
    """Return the headers of a signed delivery; None leaves one out."""
    usual: dict[str, str | None] = {
        "x-hub-signature-256": sign(body),
        "content-type": "application/json",
        "x-github-event": "ping",
        "x-github-delivery": "11111111-2222-11e3-8444-555555555555",
    }
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return {name: value for name, value in (usual | named).items() if value is not None}


def refusal(body: bytes, given: dict[str, str], secrets: Any = (SECRET,)) -> tuple[int, str]:
    """Return status and code with which the delivery is refused."""
    with pytest.raises(Refusal) as caught:
        read(given, body, secrets)
    return caught.value.status, caught.value.faults[0].code


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared corpus is not beside the repository")
@pytest.mark.parametrize("vector", vectors(), ids=lambda v: v["name"])
def test_a_published_vector_is_judged_as_published(vector: dict[str, Any]):
    body = base64.b64decode(vector["body_b64"])
    secret = (vector["secret"] or "unknown").encode()
    header = vector["header"] if "header" in vector else f"sha256={vector.get('sha256')}"

    assert is_signed(body, header or "", [secret]) == ("sha256" in vector)


def test_a_signed_delivery_is_read():
    body = json.dumps({"zen": "Approachable is better than simple. ñ"}).encode()

    delivery = read(headers(body), body, [SECRET])

    assert (delivery.event, delivery.id) == ("ping", "11111111-2222-11e3-8444-555555555555")
    assert delivery.payload == {"zen": "Approachable is better than simple. ñ"}
    assert delivery.body == body


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", " application/json ;x"]
)
def test_json_is_json_however_it_is_written(kind: str):
    assert read(headers(b"{}", content_type=kind), b"{}", [SECRET]).payload == {}


def test_either_of_two_secrets_will_do():
    old = headers(b"{}", x_hub_signature_256=sign(b"{}", BEFORE))

    assert read(headers(b"{}"), b"{}", [SECRET, BEFORE]).payload == {}
    assert read(old, b"{}", [SECRET, BEFORE]).payload == {}
    assert refusal(b"{}", old) == (401, "signature_invalid")


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("sha256=", id="bare"),
        pytest.param("sha1=" + hmac.new(SECRET, b"{}", hashlib.sha1).hexdigest(), id="sha1"),
        pytest.param(sign(b"{}")[7:], id="without its prefix"),
        pytest.param(sign(b"{}").upper(), id="upper case"),
        pytest.param(sign(b"{ }"), id="of another body"),
        pytest.param(sign(b"{}", BEFORE), id="by another secret"),
        pytest.param("sha256=é" + "0" * 62, id="not ASCII"),
        pytest.param("sha256=\udcff" + "0" * 62, id="a lone surrogate"),
        pytest.param(sign(b"{}") + sign(b"{}"), id="twice"),
    ],
)
def test_what_is_not_signed_stays_outside(signature: str | None):
    given = headers(b"{}", x_hub_signature_256=signature)

    assert refusal(b"{}", given) == (401, "signature_invalid")


def test_sha1_beside_nothing_better_is_refused():
    old = "sha1=" + hmac.new(SECRET, b"{}", hashlib.sha1).hexdigest()

    given = headers(b"{}", x_hub_signature_256=None, x_hub_signature=old)

    assert refusal(b"{}", given) == (401, "signature_invalid")


@pytest.mark.parametrize("secrets", [[], [b""]], ids=["none", "empty"])
def test_without_a_secret_nothing_is_signed(secrets: list[bytes]):
    given = headers(b"{}", x_hub_signature_256=sign(b"{}", b""))

    assert refusal(b"{}", given, secrets) == (401, "signature_invalid")


def test_the_refusals_come_in_their_order():
    huge, broken = b" " * (MOST_BYTES + 1), b"{"
    no_kind = {"content_type": "text/plain", "x_github_event": None}

    found = [
        refusal(huge, headers(b"", x_hub_signature_256="sha256=00", **no_kind)),
        refusal(broken, headers(broken, x_hub_signature_256="sha256=00", **no_kind)),
        refusal(broken, headers(broken, **no_kind)),
        refusal(broken, headers(broken, x_github_event=None)),
        refusal(broken, headers(broken)),
    ]

    assert found == [
        (413, "body_too_large"),
        (401, "signature_invalid"),
        (415, "content_type_unsupported"),
        (400, "event_missing"),
        (400, "body_malformed"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"a": "\\ud800"}', id="a lone surrogate"),
        pytest.param(b"[" * 100_000, id="open brackets"),
        pytest.param(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, id="deep nesting"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="an endless number"),
        pytest.param(b"payload=%7B%7D", id="a form"),
    ],
)
def test_what_does_not_parse_is_malformed(body: bytes):
    assert refusal(body, headers(body)) == (400, "body_malformed")


@pytest.mark.parametrize("event", ["", "pull request", "Ping", "x" * 65, "pïng", "ping\n"])
def test_an_event_has_a_plain_name(event: str):
    assert refusal(b"{}", headers(b"{}", x_github_event=event)) == (400, "event_missing")


@pytest.mark.parametrize("given", [None, "", "a/b", "x" * 101, "é", "a b", "a\n"])
def test_a_delivery_without_a_usable_id_is_named_by_its_body(given: str | None):
    one = read(headers(b"{}", x_github_delivery=given), b"{}", [SECRET])
    same = read(headers(b"{}", x_github_delivery=None), b"{}", [SECRET])
    other = read(headers(b"{ }", x_github_delivery=None), b"{ }", [SECRET])

    assert one.id.startswith("body-")
    assert one.id == same.id != other.id


@pytest.mark.parametrize("given", ["x" * 100, "11111111-2222", "a.b:c_d"])
def test_a_delivery_keeps_the_id_that_it_came_with(given: str):
    assert read(headers(b"{}", x_github_delivery=given), b"{}", [SECRET]).id == given


def test_a_fingerprint_is_that_of_event_and_body_and_not_of_the_id():
    one = read(headers(b"{}"), b"{}", [SECRET])
    redelivered = read(headers(b"{}", x_github_delivery="another"), b"{}", [SECRET])
    other = read(headers(b"{}", x_github_event="push"), b"{}", [SECRET])

    assert one.fingerprint == redelivered.fingerprint
    assert one.fingerprint != other.fingerprint
