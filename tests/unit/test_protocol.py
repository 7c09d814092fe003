"""What an answer of Azure Resource Manager means."""

from datetime import timedelta
from typing import Any

import pytest

from provisioning.azure.protocol import classify, error_of, matches_tags, seconds
from provisioning.errors import TerminalError, TransientError


@pytest.mark.parametrize(
    ("status", "code", "as_code", "delay"),
    [
        pytest.param(429, "TooManyRequests", "throttled", 30, id="throttled"),
        pytest.param(429, "", "throttled", 30, id="throttled without a code"),
        pytest.param(
            409, "ContainerGroupCreationRateLimitExceeded", "throttled", 30, id="by code"
        ),
        pytest.param(409, "AnotherOperationInProgress", "busy", 15, id="busy"),
        pytest.param(409, "ContainerGroupTransitioning", "busy", 15, id="moving"),
        pytest.param(404, "ParentResourceIsNotProvisioned", "busy", 15, id="not there yet"),
        pytest.param(400, "PrincipalNotFound", "busy", 15, id="a new identity"),
        pytest.param(503, "ServiceUnavailable", "azure_unavailable", 10, id="unavailable"),
        pytest.param(500, "", "azure_unavailable", 10, id="broken"),
        pytest.param(408, "", "azure_unavailable", 10, id="too slow"),
    ],
)
def test_what_passes_is_tried_again(status: int, code: str, as_code: str, delay: int):
    error = classify(status, code, "the message")

    assert isinstance(error, TransientError)
    assert (error.code, error.after) == (as_code, timedelta(seconds=delay))


@pytest.mark.parametrize("status", [429, 409, 503])
def test_the_delay_that_azure_asks_for_is_kept(status: int):
    code = "ServerIsBusy" if status == 409 else ""

    error = classify(status, code, "", retry_after=timedelta(seconds=77))

    assert isinstance(error, TransientError)
    assert error.after == timedelta(seconds=77)


def test_a_token_that_is_not_accepted_is_tried_again():
    error = classify(401, "ExpiredAuthenticationToken", "")

    assert isinstance(error, TransientError)
    assert (error.code, error.after) == ("unauthenticated", None)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        pytest.param(403, "AuthorizationFailed", "To mend it: give the control plane", id="role"),
        pytest.param(409, "ScopeLocked", "To mend it: remove the lock", id="lock"),
        pytest.param(409, "QuotaExceeded", "To mend it: ask for more quota", id="quota"),
        pytest.param(400, "InvalidTemplate", "InvalidTemplate: no", id="no remedy known"),
        pytest.param(409, "Conflict", "Conflict: no", id="a conflict that stays"),
    ],
)
def test_what_stays_wrong_is_said_with_its_remedy(status: int, code: str, words: str):
    error = classify(status, code, "no")

    assert isinstance(error, TerminalError)
    assert error.code == code
    assert words in str(error)


def test_an_answer_without_a_code_is_named_by_its_status():
    assert classify(418, "", "").code == "http_418"


@pytest.mark.parametrize(
    ("body", "read"),
    [
        pytest.param({"error": {"code": "C", "message": "m"}}, ("C", "m"), id="envelope"),
        pytest.param({"code": "C", "message": "m"}, ("C", "m"), id="without envelope"),
        pytest.param({"error": {}}, ("", ""), id="empty"),
        pytest.param({"error": "broken"}, ("", "broken"), id="text in the envelope"),
        pytest.param("<html>", ("", "<html>"), id="a page"),
        pytest.param(None, ("", ""), id="nothing"),
        pytest.param(["x"], ("", "['x']"), id="a list"),
        pytest.param({"error": {"code": None, "message": None}}, ("", ""), id="nulls"),
        pytest.param(
            {"error": {"code": "C", "message": "m", "details": [{"message": "inner"}]}},
            ("C", "m inner"),
            id="details",
        ),
        pytest.param(
            {"error": {"code": "C", "message": "m inner", "details": [{"message": "inner"}]}},
            ("C", "m inner"),
            id="details said already",
        ),
        pytest.param(
            {"error": {"code": "C", "message": "m", "details": ["x"]}},
            ("C", "m"),
            id="odd details",
        ),
        pytest.param(
            {"error": {"code": "C", "message": "m", "details": []}}, ("C", "m"), id="no details"
        ),
        pytest.param(
            {"error": {"code": "C", "message": "m", "details": {"message": "x"}}},
            ("C", "m"),
            id="details of another form",
        ),
        pytest.param({"error": {"code": "C", "message": "m" * 999}}, ("C", "m" * 600), id="long"),
        pytest.param(
            {"Code": "Conflict", "Message": "AlwaysOn cannot be set.", "Details": []},
            ("Conflict", "AlwaysOn cannot be set."),
            id="App Service's",
        ),
        pytest.param(
            {"code": "PreconditionFailed", "message": "It has been modified."},
            ("PreconditionFailed", "It has been modified."),
            id="DNS's",
        ),
    ],
)
def test_an_error_is_read_in_whatever_form_it_comes(body: Any, read: tuple[str, str]):
    assert error_of(body) == read


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("17", timedelta(seconds=17)),
        (" 5 ", timedelta(seconds=5)),
        ("999999", timedelta(hours=1)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-3", None),
        ("1.5", None),
        ("", None),
        (None, None),
    ],
)
def test_a_delay_is_whole_seconds_and_an_hour_at_most(text: str | None, delay: Any):
    assert seconds(text) == delay


@pytest.mark.parametrize(
    ("tags", "matches"),
    [
        ({"tesoro-environment": "pr-7"}, True),
        ({"Tesoro-Environment": "pr-7"}, True),
        ({"tesoro-environment": "PR-7"}, False),
        ({"other": "pr-7"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_names_of_tags_ignore_case_and_values_do_not(tags: Any, matches: bool):
    assert matches_tags({"tags": tags}, "tesoro-environment", "pr-7") == matches


def test_a_resource_without_tags_matches_nothing():
    assert not matches_tags({}, "tesoro-environment", "pr-7")
