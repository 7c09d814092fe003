"""Sites, their slots and settings, as readers of different api-versions see them."""

from typing import Any

from .kit import Azure, code

WEB = "2023-12-01"


def _site(azure: Azure, **more: Any) -> str:
    """Return the path of a site on a plan of its own."""
    group = f"{azure.group()}/providers/Microsoft.Web"
    azure.seed(
        {
            "id": f"{group}/serverfarms/plan",
            "location": "westeurope",
            "sku": {"name": "S1"},
            "properties": {},
        },
        {
            "id": f"{group}/sites/shop",
            "location": "westeurope",
            "kind": "app",
            "properties": {"serverFarmId": f"{group}/serverfarms/plan"},
            **more,
        },
    )
    return f"{group}/sites/shop"


def test_traffic_that_ramps_up_is_told_as_routing_too(azure: Azure) -> None:
    site = _site(azure)
    rule = {
        "name": "next",
        "actionHostName": "shop-next.azurewebsites.net",
        "reroutePercentage": 15.0,
    }

    body = {"properties": {"experiments": {"rampUpRules": [rule]}}}
    changed = azure.call("PATCH", f"{site}/config/web", body, version=WEB)

    assert changed.status_code == 200
    told = azure.get(f"{site}/config/web", WEB)["properties"]
    assert told["routingRules"] == told["experiments"]["rampUpRules"]
    assert told["routingRules"][0] == {
        **rule,
        **dict.fromkeys(
            (
                "changeStep",
                "changeIntervalInMinutes",
                "minReroutePercentage",
                "maxReroutePercentage",
                "changeDecisionCallbackUrl",
            )
        ),
    }


def test_an_old_reader_sees_what_azure_shows_today(azure: Azure) -> None:
    site = _site(azure)

    now = azure.get(site, "2018-02-01")["properties"]

    assert now["ftpUsername"].startswith("shop")
    assert now["siteConfig"] is not None
    assert "snapshotInfo" not in now


def test_a_setting_tells_the_tags_of_its_site(azure: Azure) -> None:
    site = _site(azure, tags={})

    listed = azure.call("POST", f"{site}/config/appsettings/list", version=WEB)

    assert listed.json()["tags"] == {}


def test_a_hidden_tag_may_name_a_resource(azure: Azure) -> None:
    site = _site(azure)
    tags = {f"hidden-related:{site}": "empty"}

    hidden = azure.call("PATCH", site, {"tags": tags}, version=WEB)
    plain = azure.call("PATCH", site, {"tags": {f"related:{site}": "empty"}}, version=WEB)

    assert (hidden.status_code, hidden.json()["tags"]) == (200, tags)
    assert code(plain)[0] == 400
