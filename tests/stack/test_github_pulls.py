"""What is known of a pull request beside itself: its commits, its labels, its branch."""

import pytest

from .hub import REPOSITORY

A, B, C = "a" * 40, "b" * 40, "c" * 40


def at(minute):
    return f"2026-03-01T10:{minute:02}:00Z"


@pytest.fixture
def ask(hub):
    token = hub.token()
    return lambda path: hub.call("GET", REPOSITORY + path, token=token)


@pytest.fixture
def commits(ask):
    return lambda: [one["sha"] for one in ask("/pulls/7/commits").json()]


def push(hub, minute, sha, action="synchronize"):
    hub.move(action, updated_at=at(minute), head={"sha": sha})


def test_the_commits_of_a_pull_request_are_its_heads_oldest_first(hub, ask, commits):
    push(hub, 1, A, "opened")
    push(hub, 2, B)
    push(hub, 3, B, "labeled")

    assert commits() == [A, B]
    last = ask("/pulls/7/commits").json()[-1]
    assert last["author"]["login"] == last["commit"]["author"]["name"] == "octocat"
    assert [one["sha"] for one in last["parents"]] == [A]
    assert last["url"].endswith(f"{REPOSITORY}/commits/{B}")


def test_a_push_that_is_told_late_comes_before(hub, commits):
    push(hub, 1, A, "opened")
    push(hub, 5, C)
    push(hub, 3, B)

    assert commits() == [A, B, C]
    assert hub.pull()["head"]["sha"] == C


def test_a_head_first_seen_by_a_later_payload_is_dated_back(hub, commits):
    push(hub, 1, A, "opened")
    push(hub, 6, C, "labeled")
    push(hub, 7, C, "labeled")
    push(hub, 3, C)
    push(hub, 4, B, "edited")

    assert commits() == [A, C], "it was there before the other, and is there again"


def test_a_branch_taken_back_to_an_earlier_head_has_lost_what_followed(hub, commits):
    push(hub, 1, A, "opened")
    push(hub, 2, B)
    push(hub, 3, A)

    assert commits() == [A]


def test_a_commit_that_a_force_push_threw_away_stays_listed(hub, commits):
    """Nothing in the payload tells it from a push that went on."""
    push(hub, 1, A, "opened")
    push(hub, 2, B)
    push(hub, 3, C)

    assert commits() == [A, B, C]


def test_stating_a_pull_request_goes_on_with_its_commits(hub, commits):
    push(hub, 5, A, "opened")

    hub.put("pulls", [{"number": 7, "head": {"sha": B}, "updated_at": at(1)}])
    assert commits() == [A, B]
    hub.put("pulls", [{"number": 7, "head": {"sha": B}, "updated_at": at(6)}])
    push(hub, 8, C)
    assert commits() == [A, B, C]


def test_a_pull_request_that_was_not_stated_begins_anew(hub, commits):
    push(hub, 1, A, "opened")
    hub.put("pulls", [])

    hub.put("pulls", [{"number": 7, "head": {"sha": B}}])

    assert commits() == [B]


@pytest.mark.parametrize(
    ("head", "then"), [({}, [A, B]), ({"sha": B}, [A, B]), ({"sha": C}, [A, B, C])]
)
def test_the_commits_may_be_stated(hub, commits, head, then):
    hub.put("pulls", [{"number": 7, "head": head, "_commits": [A, B]}])

    assert commits() == then
    assert hub.pull()["head"]["sha"] == then[-1]
    assert "_commits" not in hub.pull()


@pytest.mark.parametrize("stated", [[], A, ["short"], [7], None])
def test_what_is_no_list_of_commits_is_refused_whole(hub, stated):
    hub.put("pulls", [{"number": 1}])

    answer = hub.client.put("/_local/pulls", json=[{"number": 7, "_commits": stated}])

    assert answer.status_code == 400
    assert hub.pull(1) is not None


def test_no_more_than_250_commits_are_listed_in_pages(hub, ask):
    hub.put("pulls", [{"number": 7, "_commits": [f"{n:040x}" for n in range(260)]}])

    first = ask("/pulls/7/commits")
    last = ask("/pulls/7/commits?per_page=100&page=3")

    assert len(first.json()) == 30
    assert len(last.json()) == 50
    assert "next" not in last.links
    assert ask("/pulls/8/commits").status_code == 404


def test_an_earlier_head_is_a_commit_of_the_pull_request(hub, ask):
    hub.put("commits", [{"sha": A, "author": {"login": "luis"}}])
    hub.put("pulls", [{"number": 7, "user": {"login": "ana"}, "_commits": [A, B, C]}])

    assert ask(f"/commits/{B}").json()["author"]["login"] == "ana"
    assert [one["number"] for one in ask(f"/commits/{B}/pulls").json()] == [7]
    authors = [one["author"]["login"] for one in ask("/pulls/7/commits").json()]
    assert authors == ["luis", "ana", "ana"]


def label(hub, action, minute, name, *, shown):
    hub.deliver(
        "pull_request",
        {
            "action": action,
            "label": {"name": name},
            "pull_request": {
                "number": 7,
                "updated_at": at(minute),
                "labels": [{"name": one} for one in shown],
            },
            "repository": {"id": 1296269, "full_name": "tesoro/rewards-api"},
        },
    )


def labels(hub):
    return sorted(one["name"] for one in hub.pull()["labels"])


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_labels_of_one_second_add_up_in_any_order(hub, order):
    hub.move("opened", updated_at=at(1))

    for name in order:
        label(hub, "labeled", 1, name, shown=["a"] if name == "a" else ["a", "b"])

    assert labels(hub) == ["a", "b"]


def test_a_label_is_taken_off_in_the_same_second(hub):
    hub.put("pulls", [{"number": 7, "updated_at": at(1), "labels": [{"name": "a"}]}])

    label(hub, "labeled", 1, "b", shown=["a", "b"])
    label(hub, "unlabeled", 1, "a", shown=["b"])

    assert labels(hub) == ["b"]


def test_a_late_label_changes_nothing(hub):
    hub.move("opened", updated_at=at(1))
    label(hub, "unlabeled", 5, "a", shown=[])

    label(hub, "labeled", 3, "a", shown=["a"])

    assert labels(hub) == []


def test_a_later_payload_is_the_word_on_all_labels(hub):
    hub.put("pulls", [{"number": 7, "updated_at": at(1), "labels": [{"name": "a"}]}])

    label(hub, "labeled", 2, "c", shown=["b", "c"])

    assert labels(hub) == ["b", "c"]


def test_a_label_of_the_same_second_changes_nothing_else_that_was_stated(hub):
    hub.put("pulls", [{"number": 7, "updated_at": at(1), "state": "closed", "title": "mine"}])

    hub.move("labeled", updated_at=at(1), state="open", title="theirs", labels=[{"name": "a"}])

    assert (hub.pull()["state"], hub.pull()["title"]) == ("closed", "mine")
    assert labels(hub) == ["a"]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param({"repo": {"id": 9, "owner": {"login": "Ana"}}}, id="a fork's owner"),
        pytest.param({"repo": {"id": 9, "full_name": "ana/rewards-api"}}, id="a fork's name"),
        pytest.param({"repo": None, "user": {"login": "ana"}}, id="the fork is gone"),
        pytest.param({"repo": None, "user": None, "label": "ana:topic"}, id="so is its owner"),
    ],
)
def test_a_pull_request_is_found_by_owner_and_branch_of_its_fork(hub, ask, head):
    hub.put(
        "pulls",
        [
            {"number": 1, "head": {"ref": "topic"}},
            {"number": 2, "head": {"ref": "topic", **head}},
        ],
    )

    def found(head):
        return [one["number"] for one in ask(f"/pulls?head={head}&direction=asc").json()]

    assert found("ana:topic") == [2]
    assert found("tesoro:topic") == [1]
    assert found("ana:other") == []
    assert found("other") == [1, 2], "without its owner a branch asks for nothing"
