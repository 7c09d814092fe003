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


def test_a_slot_has_settings_of_its_own(azure: Azure) -> None:
    site = _site(azure)
    slot = f"{site}/slots/next"
    azure.call("PUT", slot, {"location": "westeurope", "properties": {}}, version=WEB)

    azure.call("PUT", f"{slot}/config/appsettings", {"properties": {"A": "1"}}, version=WEB)
    azure.call("PATCH", f"{slot}/config/web", {"properties": {"alwaysOn": True}}, version=WEB)

    mine = azure.call("POST", f"{slot}/config/appsettings/list", version=WEB).json()
    theirs = azure.call("POST", f"{site}/config/appsettings/list", version=WEB).json()
    web = azure.get(f"{slot}/config/web", WEB)
    assert (mine["properties"], theirs["properties"]) == ({"A": "1"}, {})
    assert (web["name"], web["properties"]["alwaysOn"]) == ("shop/next", True)
    assert azure.get(f"{site}/config/web", WEB)["properties"]["alwaysOn"] is False


def test_the_logs_of_a_site_are_told_whole(azure: Azure) -> None:
    site = _site(azure)
    asked = {"applicationLogs": {"fileSystem": {"level": "Verbose"}}}

    before = azure.get(f"{site}/config/logs", WEB)["properties"]
    after = azure.call("PUT", f"{site}/config/logs", {"properties": asked}, version=WEB).json()

    assert before["applicationLogs"]["fileSystem"] == {"level": "Off"}
    assert after["properties"]["applicationLogs"]["fileSystem"] == {"level": "Verbose"}
    assert after["properties"]["httpLogs"] == before["httpLogs"]


def test_a_key_of_the_host_is_made_and_taken_away(azure: Azure) -> None:
    site = _site(azure)
    key, body = f"{site}/host/default/functionKeys/mine", {"properties": {"value": "v"}}

    made = [azure.call("PUT", key, body, version=WEB).status_code for _ in range(2)]
    keys = azure.call("POST", f"{site}/host/default/listkeys", version=WEB).json()
    gone = [azure.call("DELETE", key, version=WEB).status_code for _ in range(2)]

    assert (made, gone) == ([201, 200], [204, 404])
    assert keys["functionKeys"]["mine"] == "v"
