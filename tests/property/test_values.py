"""What holds for every value: codec, names, durations, redaction, bodies."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioning.azure.protocol import error_of, seconds
from provisioning.azure.resources import container_group
from provisioning.catalog import LONGEST_NAME, preview_name, preview_parts
from provisioning.durations import parse_duration
from provisioning.environments.redaction import redact
from provisioning.errors import Refusal
from provisioning.github import receive, sentences
from provisioning.github.interpret import Ignored, LookAtBuild, LookAtPullRequest, interpret
from provisioning.store.codec import from_plain, from_row, to_plain, to_row
from provisioning.store.table import Row
from tests.builders import REPOSITORY_ID, the_catalog

from .values import PARTS, ROWS, TEXTS, a_value

SHORTS = st.from_regex(r"\A[a-z](-?[a-z0-9]){0,19}\Z")
NUMBERS = st.integers(min_value=1, max_value=9_999_999_999)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
A_SECRET = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_row_comes_back_as_it_was(kind: type, data: st.DataObject):
    value = data.draw(a_value(kind))

    row = to_row(value, "p", "k", "e")

    assert from_row(kind, row) == value
    assert all(
        isinstance(v, str | int | float | bool | bytes | datetime) for v in row.values.values()
    )


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_part_of_a_row_comes_back_from_json_as_it_was(kind: type, data: st.DataObject):
    value = data.draw(a_value(kind))

    assert from_plain(kind, json.loads(json.dumps(to_plain(value)))) == value


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_a_row_read_and_written_again_is_the_same_row(kind: type, data: st.DataObject):
    row = to_row(data.draw(a_value(kind)), "p", "k")

    assert to_row(from_row(kind, row), "p", "k") == row


@given(number=NUMBERS, short=SHORTS)
def test_a_previews_name_is_a_dns_label(number: int, short: str):
    name = preview_name(number, short)

    assert len(name) <= LONGEST_NAME
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name)
    assert "--" not in name


@given(one=st.tuples(NUMBERS, SHORTS), other=st.tuples(NUMBERS, SHORTS))
def test_two_previews_never_share_a_name(one: tuple[int, str], other: tuple[int, str]):
    assume(one != other)

    assert preview_name(*one) != preview_name(*other)


@given(number=NUMBERS, short=st.from_regex(r"\A[a-z](-?[a-z0-9]){70,90}\Z"))
def test_a_name_that_is_too_long_is_cut_to_a_label(number: int, short: str):
    name = preview_name(number, short)

    assert len(name) <= LONGEST_NAME
    assert re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", name)
    assert "--" not in name
    assert name != preview_name(number, short + "x")


@given(number=NUMBERS, short=st.text(max_size=80))
def test_any_text_makes_a_name_of_a_labels_letters(number: int, short: str):
    assert re.fullmatch(r"[a-z0-9-]{1,63}", preview_name(number, short))


@given(number=NUMBERS)
def test_a_name_leads_back_to_its_number(number: int):
    parts = preview_parts(preview_name(number, "rewards-api"), the_catalog())

    assert parts is not None
    assert parts[0] == number


@given(name=TEXTS | st.from_regex(r"pr-[0-9]+-[a-z-]+"))
def test_a_name_that_leads_somewhere_is_the_name_of_that(name: str):
    parts = preview_parts(name, the_catalog())

    assert parts is None or preview_name(parts[0], parts[1].name) == name


def written(duration: timedelta) -> str:
    """Return a duration as ISO 8601 writes it."""
    hours, rest = divmod(duration.seconds, 3600)
    minutes, secs = divmod(rest, 60)
    return f"P{duration.days}DT{hours}H{minutes}M{secs}S"


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=99_999)))
def test_a_duration_comes_back_to_the_second(duration: timedelta):
    whole = duration - timedelta(microseconds=duration.microseconds)

    assert parse_duration(written(whole)) == whole


@given(st.text("PTWDHMS0123456789.-+ ", max_size=12) | TEXTS)
def test_a_text_is_a_duration_or_is_refused(text: str):
    try:
        found = parse_duration(text)
    except ValueError:
        return

    assert found >= timedelta(0)


@given(parts=st.lists(TEXTS | st.just("="), max_size=8), secret=A_SECRET, data=st.data())
def test_a_known_secret_is_never_left(parts: list[str], secret: str, data: st.DataObject):
    places = data.draw(st.lists(st.integers(0, len(parts)), min_size=1, max_size=3))
    for place in places:
        parts.insert(place, secret)

    assert secret not in redact("".join(parts), [secret])


@given(before=st.text(max_size=6000), after=st.text(max_size=100), secret=A_SECRET)
def test_a_cut_never_leaves_half_a_known_secret(before: str, after: str, secret: str):
    assume(secret[8:] not in before + after)

    assert secret[8:] not in redact(before + secret + after, [secret])


@given(user=st.from_regex(r"\A[a-z]{1,8}\Z"), word=A_SECRET, around=TEXTS)
def test_the_password_of_an_address_is_never_left(user: str, word: str, around: str):
    assume(word not in around)
    text = f"{around}\npostgresql://{user}:{word}@127.0.0.1:5432/tesoro {around}"

    assert word not in redact(text)


@given(st.text())
def test_text_from_elsewhere_obeys_nothing(text: str):
    shown = sentences.plain(text)

    assert "\n" not in shown
    assert len(shown) <= 600
    assert not re.search(r"(?<!\\)(\\\\)*[`*_{}\[\]<>#|@!]", shown)


@pytest.mark.parametrize("event", ["pull_request", "workflow_run", "ping", "push"])
@given(payload=st.dictionaries(TEXTS, JSON, max_size=4), data=st.data())
def test_a_payload_of_any_shape_is_interpreted(event: str, payload: Any, data: st.DataObject):
    fields = ["action", "number", "pull_request", "workflow_run", "repository"]
    for name in data.draw(st.lists(st.sampled_from(fields), max_size=4)):
        payload[name] = data.draw(
            JSON
            | st.sampled_from(["opened", "completed", {"id": REPOSITORY_ID}, {"number": 7}])
            | st.fixed_dictionaries({"name": JSON, "conclusion": st.just("success")})
        )

    asked = interpret(event, payload, the_catalog())

    assert isinstance(asked, Ignored | LookAtPullRequest | LookAtBuild)


@given(body=st.binary(max_size=200), data=st.data())
def test_no_delivery_is_worse_than_a_refusal(body: bytes, data: st.DataObject):
    names = ["x-hub-signature-256", "content-type", "x-github-event", "x-github-delivery"]
    headers = {name: data.draw(TEXTS) for name in data.draw(st.sets(st.sampled_from(names)))}

    with pytest.raises(Refusal) as caught:
        receive.read(headers, body, [b"a secret that only tests share"])

    assert caught.value.status == 401


@given(JSON)
def test_any_body_has_an_error_to_read(body: Any):
    code, message = error_of(body)

    assert isinstance(code, str)
    assert len(message) <= 600


@given(TEXTS | st.none())
def test_a_delay_is_never_longer_than_an_hour(text: str | None):
    found = seconds(text)

    assert found is None or timedelta(0) <= found <= timedelta(hours=1)


@given(st.integers(0, 10), st.sampled_from(["Running", "Waiting", "Terminated", None]))
def test_a_container_group_stands_somehow(restarts: int, state: str | None):
    view = {"restartCount": restarts, "currentState": {"state": state}}
    containers = [{"name": "service", "properties": {"instanceView": view}}]
    body = {"properties": {"provisioningState": "Succeeded", "containers": containers}}

    found = container_group.read(body)

    fell = found.standing is container_group.Standing.FAILED
    assert fell == (restarts >= 3)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_row_keeps_an_instant_to_the_microsecond(when: datetime):
    assert from_plain(datetime, to_plain(when)) == when
    assert Row("p", "k", {"at": when}).values["at"] == when
