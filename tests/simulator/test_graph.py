"""Resource Graph: what it understands, how late it is, how often it may be asked."""

from typing import Any

import pytest

from local.azure import kql

from .kit import ACI, SCOPE, Azure, Maker, code, group_body

VERSION = "2022-10-01"


def ask(azure: Azure, query: str, **options: Any) -> Any:
    """Ask Resource Graph."""
    body = {"query": query, "options": options}
    path = "/providers/Microsoft.ResourceGraph/resources"
    return azure.call("POST", path, body, version=VERSION)


def test_the_graph_learns_of_things_late(azure: Azure, made: Maker) -> None:
    path = made(wait=False)
    query = "Resources | where type =~ 'Microsoft.ContainerInstance/containerGroups' | project id"

    early = ask(azure, query).json()
    azure.clock.advance(60)
    later = ask(azure, query).json()
    azure.call("DELETE", path, version=ACI)
    stale = ask(azure, query).json()
    azure.clock.advance(20)
    gone = ask(azure, query).json()

    assert [row["count"] for row in (early, later, stale, gone)] == [0, 1, 1, 0]
    assert later["data"] == [{"id": path}]


def test_the_graph_filters_by_tag_and_group_and_pages(azure: Azure) -> None:
    for number in range(3):
        group = azure.group(f"rg-{number}")
        body = {**group_body(ipAddress=None), "tags": {"kind": "a" if number else "b"}}
        where = f"{group}/providers/Microsoft.ContainerInstance/containerGroups/pr-{number}"
        azure.call("PUT", where, body, version=ACI)
    azure.clock.advance(60)
    query = "resources | where tags['kind'] == 'a' | project name, resourceGroup | order by name"

    first = ask(azure, f"{query} asc", **{"$top": 1}).json()
    second = ask(azure, f"{query} asc", **{"$top": 1, "$skipToken": first["$skipToken"]}).json()

    assert first["data"] == [{"name": "pr-1", "resourceGroup": "rg-1"}]
    assert (first["totalRecords"], first["resultTruncated"]) == (2, "false")
    assert second["data"][0]["name"] == "pr-2"
    assert "$skipToken" not in second


def test_groups_are_in_a_table_of_their_own(azure: Azure) -> None:
    azure.group("rg-one")
    azure.clock.advance(60)
    kind = "microsoft.resources/subscriptions/resourcegroups"

    answer = ask(azure, f"ResourceContainers | where type == '{kind}' | project name").json()

    assert answer["data"] == [{"name": "rg-one"}]


@pytest.mark.parametrize(
    "query",
    ["Nowhere", "Resources | where", "Resources | render piechart", "Resources | where x == 1 |"],
)
def test_a_query_that_is_not_understood_is_refused(azure: Azure, made: Maker, query: str) -> None:
    made()

    answer = ask(azure, query)

    assert code(answer) == (400, "BadRequest")
    assert answer.json()["error"]["details"][0]["code"] == "InvalidQuery"


def test_fifteen_queries_in_five_seconds_are_enough(azure: Azure) -> None:
    answers = [ask(azure, "Resources | count") for _ in range(15)]
    refused = ask(azure, "Resources | count")
    azure.clock.advance(5)

    assert answers[0].headers["x-ms-user-quota-remaining"] == "14"
    assert code(refused) == (429, "RateLimiting")
    assert refused.headers["x-ms-user-quota-resets-after"] == "00:00:05"
    assert ask(azure, "Resources | count").status_code == 200


ROWS: list[dict[str, Any]] = [
    {"name": "a", "size": 2, "tags": {"k": "x"}, "properties": {"state": "Up"}},
    {"name": "B", "size": 1, "tags": None, "properties": {"state": "Down"}},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("R | where name =~ 'b' | project name", [{"name": "B"}], id="case"),
        pytest.param("R | where name in~ ('A','c') | project size", [{"size": 2}], id="in"),
        pytest.param("R | where name in ('A') | project size", [], id="in exactly"),
        pytest.param("R | where isnotempty(tags.k) | project name", [{"name": "a"}], id="empty"),
        pytest.param(
            "R | where not(properties.state == 'Up') or size > 1 | count", [{"Count": 2}], id="or"
        ),
        pytest.param(
            "R | order by size asc | take 1 | project n = tolower(name)", [{"n": "b"}], id="order"
        ),
        pytest.param("R | summarize n = count()", [{"n": 2}], id="summary"),
        pytest.param(
            "R | extend s = tostring(properties['state']) | where s startswith 'u' | distinct s",
            [{"s": "Up"}],
            id="extend",
        ),
    ],
)
def test_the_language_does_what_it_says(query: str, expected: list[dict[str, Any]]) -> None:
    assert kql.run(query, {"r": ROWS}) == expected


def test_queries_for_another_subscription_find_nothing(azure: Azure, made: Maker) -> None:
    made()
    body = {"query": "Resources", "subscriptions": [SCOPE.rpartition("/")[2][::-1]]}
    path = "/providers/Microsoft.ResourceGraph/resources"

    assert azure.call("POST", path, body, version=VERSION).json()["totalRecords"] == 0
