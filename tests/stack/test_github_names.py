"""Repositories that are renamed, transferred, archived and deleted, and where old names lead."""

import pytest

from .hub import REPOSITORY, SHA

HOME = {"id": 1296269, "full_name": "tesoro/rewards-api"}
NEW = {"id": 1296269, "full_name": "tesoro/rewards"}
RENAMED = {"repository": {"name": {"from": "rewards-api"}}}
QUIET = {"ref": SHA, "auto_merge": False, "required_contexts": []}


def rename(hub, repository=NEW, was="rewards-api"):
    changes = {"repository": {"name": {"from": was}}}
    hub.happen("repository", "renamed", repository=repository, changes=changes)


def test_a_renamed_repository_is_served_by_its_new_name_and_its_id(hub):
    token = hub.token()
    rename(hub)

    for path in ("/repos/tesoro/rewards", "/repositories/1296269"):
        shown = hub.call("GET", path, token=token).json()
        assert (shown["full_name"], shown["name"]) == ("tesoro/rewards", "rewards")
        assert shown["url"].endswith("/repos/tesoro/rewards")


def test_an_old_name_redirects_with_its_query(hub):
    token = hub.token()
    rename(hub)

    answer = hub.call("GET", f"{REPOSITORY}/pulls?state=all&page=2", token=token)

    place = f"{hub.stack.github}/repositories/1296269/pulls?state=all&page=2"
    assert (answer.status_code, answer.headers["location"]) == (301, place)
    assert answer.json()["message"] == "Moved Permanently"
    assert answer.json()["url"] == place
    assert "documentation_url" in answer.json()
    assert "x-ratelimit-remaining" in answer.headers


def test_a_write_to_an_old_name_is_redirected_and_not_done(hub):
    token = hub.token()
    rename(hub)

    answer = hub.call("POST", f"{REPOSITORY}/deployments", token=token, json=QUIET)

    place = "/repositories/1296269/deployments"
    assert (answer.status_code, answer.headers["location"]) == (307, hub.stack.github + place)
    assert hub.call("GET", place, token=token).json() == []
    assert hub.call("POST", place, token=token, json=QUIET).status_code == 201


def test_every_endpoint_of_a_repository_is_there_by_its_id(hub):
    token = hub.token()
    hub.put("pulls", [{"number": 7, "head": {"sha": SHA}}])

    place = "/repositories/1296269"
    made = hub.call("POST", f"{place}/issues/7/comments", token=token, json={"body": "one"})

    assert hub.call("GET", f"{place}/pulls/7", token=token).json()["head"]["sha"] == SHA
    assert made.json()["url"].startswith(f"{hub.stack.github}{REPOSITORY}/")
    assert hub.as_app("GET", f"{place}/installation").status_code == 200
    assert hub.call("GET", "/repositories/1", token=token).status_code == 404


def test_the_installation_is_looked_up_by_the_new_name(hub):
    before = hub.as_app("GET", f"{REPOSITORY}/installation").json()
    rename(hub)

    old = hub.as_app("GET", f"{REPOSITORY}/installation")

    assert old.status_code == 301
    assert old.headers["location"].endswith("/repositories/1296269/installation")
    assert hub.as_app("GET", "/repos/tesoro/rewards/installation").json() == before


def test_an_old_name_is_not_told_to_who_may_not_see_the_repository(hub):
    hub.put("installations", [{"id": 2, "full_name": "tesoro/other"}])
    narrow = hub.token(repositories=["other"])
    rename(hub)

    assert hub.call("GET", REPOSITORY, token=narrow).status_code == 404
    assert hub.client.get(REPOSITORY).status_code == 404


def test_what_was_answered_under_the_old_name_bears_the_new_one(hub):
    token = hub.token()
    hub.put("pulls", [{"number": 7}])
    made = hub.call("POST", f"{REPOSITORY}/deployments", token=token, json=QUIET).json()
    state = {"state": "success"}
    hub.call("POST", f"{REPOSITORY}/deployments/{made['id']}/statuses", token=token, json=state)
    rename(hub)

    new = "/repos/tesoro/rewards"
    pull = hub.call("GET", f"{new}/pulls/7", token=token).json()
    statuses = hub.call("GET", f"{new}/deployments/{made['id']}/statuses", token=token).json()

    assert pull["base"]["repo"]["full_name"] == "tesoro/rewards"
    assert pull["html_url"] == "https://github.com/tesoro/rewards/pull/7"
    assert "rewards-api" not in str([pull, statuses])


def test_a_transferred_repository_belongs_to_the_new_owners_installation(hub):
    old = hub.token()
    changes = {"owner": {"from": {"organization": {"login": "tesoro"}}}}
    moved = {"id": 1296269, "full_name": "oro/rewards-api"}
    hub.happen("repository", "transferred", repository=moved, changes=changes)

    assert hub.as_app("GET", f"{REPOSITORY}/installation").status_code == 301
    found = hub.as_app("GET", "/repositories/1296269/installation").json()
    made = hub.as_app("POST", f"/app/installations/{found['id']}/access_tokens").json()
    assert found["account"]["login"] == "oro"
    assert hub.call("GET", REPOSITORY, token=made["token"]).status_code == 301
    assert hub.call("GET", REPOSITORY, token=old).status_code == 404


def test_a_name_that_another_repository_takes_over_leads_there(hub):
    token = hub.token()
    rename(hub)

    hub.put("installations", [{"id": 2, "full_name": "tesoro/rewards-api"}])

    assert hub.call("GET", REPOSITORY, token=token).json()["id"] == 2
    assert hub.call("GET", "/repos/tesoro/rewards", token=token).json()["id"] == 1296269


def test_a_name_in_use_is_not_taken_over(hub):
    hub.put("installations", [{"id": 2, "full_name": "tesoro/other"}])

    rename(hub, {"id": 2, **{"full_name": "tesoro/rewards-api"}}, was="other")

    assert hub.call("GET", REPOSITORY, token=hub.token()).json()["id"] == 1296269
    assert hub.call("GET", "/repos/tesoro/other", token=hub.token()).json()["id"] == 2


def test_a_late_event_under_an_old_name_moves_nothing(hub):
    rename(hub)
    rename(hub, {**NEW, "full_name": "tesoro/points"}, was="rewards")

    rename(hub)
    hub.move("opened")

    token = hub.as_app("GET", "/repos/tesoro/points/installation").json()["id"]
    made = hub.as_app("POST", f"/app/installations/{token}/access_tokens").json()["token"]
    assert hub.call("GET", "/repos/tesoro/points/pulls/7", token=made).status_code == 200
    for old in (REPOSITORY, "/repos/tesoro/rewards"):
        assert hub.call("GET", old, token=made).status_code == 301


def test_a_repository_may_get_its_old_name_back(hub):
    rename(hub)
    rename(hub, HOME, was="rewards")

    token = hub.token()

    assert hub.call("GET", REPOSITORY, token=token).status_code == 200
    assert hub.call("GET", "/repos/tesoro/rewards", token=token).status_code == 301


def test_a_name_never_heard_before_is_the_present_one(hub):
    """The event that told of the renaming went missing."""
    token = hub.token()
    payload = {"action": "opened", "pull_request": {"number": 7}, "repository": NEW}

    hub.deliver("pull_request", payload)

    assert hub.call("GET", "/repos/tesoro/rewards/pulls/7", token=token).status_code == 200
    assert hub.call("GET", REPOSITORY, token=token).status_code == 301


def test_the_old_name_of_an_unknown_repository_is_known_from_its_renaming(hub):
    changes = {"repository": {"name": {"from": "was"}}}
    there = {"id": 2, "full_name": "tesoro/is"}
    hub.happen("repository", "renamed", repository=there, changes=changes)
    hub.put("installations", [there])

    assert hub.call("GET", "/repos/tesoro/was", token=hub.token()).status_code == 301


def test_a_deleted_repository_is_gone_and_its_name_free(hub):
    token = hub.token()
    hub.happen("repository", "deleted", repository=HOME)

    for path in (REPOSITORY, "/repositories/1296269", f"{REPOSITORY}/pulls"):
        assert hub.call("GET", path, token=token).status_code == 404
    assert hub.as_app("GET", f"{REPOSITORY}/installation").status_code == 404
    assert hub.as_app("GET", "/app/installations").json() == []

    hub.put("installations", [{"id": 2, "full_name": "tesoro/rewards-api"}])
    assert hub.call("GET", REPOSITORY, token=hub.token()).json()["id"] == 2


def test_an_archived_repository_is_read_only(hub):
    token = hub.token()
    hub.put("pulls", [{"number": 7}])
    made = hub.call("POST", f"{REPOSITORY}/issues/7/comments", token=token, json={"body": "a"})
    comment = f"{REPOSITORY}/issues/comments/{made.json()['id']}"
    hub.happen("repository", "archived", repository=HOME)

    assert hub.call("GET", f"{REPOSITORY}/pulls/7", token=token).status_code == 200
    for method, path, body in (
        ("POST", f"{REPOSITORY}/deployments", QUIET),
        ("PATCH", comment, {"body": "b"}),
        ("DELETE", comment, None),
    ):
        refused = hub.call(method, path, token=token, json=body)
        assert refused.status_code == 403
        assert refused.json()["message"] == "Repository was archived so is read-only."

    hub.happen("repository", "unarchived", repository=HOME)
    assert hub.call("PATCH", comment, token=token, json={"body": "b"}).status_code == 200


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"repository": None},
        {"repository": {"full_name": 7}},
        {"repository": {"id": "x", "full_name": "a/b"}, "changes": RENAMED},
        {"repository": HOME, "changes": {"repository": None, "owner": {"from": None}}},
        {"repository": HOME, "changes": []},
        {"repository": {"full_name": "a/b/c"}, "changes": RENAMED},
        {"repository": {"id": 1296269, "full_name": "rewards"}, "changes": RENAMED},
    ],
)
@pytest.mark.parametrize("action", ["renamed", "transferred", "deleted?", None])
def test_a_repository_event_of_any_shape_teaches_nothing_wrong(hub, payload, action):
    assert hub.deliver("repository", {"action": action, **payload}).status_code == 200
    assert hub.call("GET", REPOSITORY, token=hub.token()).status_code == 200
