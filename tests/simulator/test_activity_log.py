"""The activity log: the writes of a subscription, by time and by what they were on."""

from datetime import timedelta
from typing import Any

import requests

from .kit import Azure, an_account, code

VERSION = "2015-04-01"


def ask(azure: Azure, text: str, **more: str) -> requests.Response:
    """Ask for the events that a filter lets through."""
    start = azure.group().partition("/resourceGroups")[0]
    path = f"{start}/providers/Microsoft.Insights/eventtypes/management/values"
    return azure.call("GET", path, params={"$filter": text, **more}, version=VERSION)


def events(answer: requests.Response) -> list[dict[str, Any]]:
    """Return the events of an answer."""
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def seed(azure: Azure) -> str:
    """Make a storage account and return where it is."""
    return an_account(azure, "stlogged")


def test_a_write_is_logged(azure: Azure) -> None:
    path = seed(azure)
    since = (azure.clock.now() - timedelta(minutes=5)).isoformat()

    (event,) = events(
        ask(azure, f"eventTimestamp ge '{since}' and resourceProvider eq Microsoft.Storage")
    )

    assert event["resourceId"] == path
    assert event["operationName"]["value"] == "Microsoft.Storage/storageAccounts/write"
    assert event["status"]["value"] == "Succeeded"


def test_events_outside_the_time_are_left_out(azure: Azure) -> None:
    seed(azure)
    later = (azure.clock.now() + timedelta(minutes=5)).isoformat()

    assert events(ask(azure, f"eventTimestamp ge '{later}'")) == []


def test_only_what_is_selected_is_told(azure: Azure) -> None:
    path = seed(azure)
    since = (azure.clock.now() - timedelta(minutes=5)).isoformat()
    text = f"eventTimestamp ge '{since}' and resourceUri eq '{path}'"

    (event,) = events(ask(azure, text, **{"$select": "eventTimestamp, operationName"}))

    assert set(event) == {"id", "eventTimestamp", "operationName"}


def test_a_filter_without_a_time_is_refused(azure: Azure) -> None:
    assert code(ask(azure, "resourceProvider eq 'Microsoft.Storage'")) == (400, "BadRequest")
    assert code(ask(azure, "eventTimestamp near 'noon'")) == (400, "BadRequest")
