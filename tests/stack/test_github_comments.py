"""Comments as deliveries move them, and the reactions to them."""

import pytest

from .hub import REPOSITORY

HOME = {"id": 1296269, "full_name": "tesoro/rewards-api"}


def at(minute):
    return f"2026-03-01T10:{minute:02}:00Z"


@pytest.fixture
def ask(hub):
    hub.put("pulls", [{"number": 7}])
    token = hub.token()

    def call(method, path, body=None, **options):
        return hub.call(method, REPOSITORY + path, token=token, json=body, **options)

    return call


def tell(hub, action, minute, body="/approve", **comment):
    hub.happen(
        "issue_comment",
        action,
        comment={"id": 5, "body": body, "updated_at": at(minute), **comment},
        issue={"number": 7, "pull_request": {}},
        repository=HOME,
    )


def test_an_edit_changes_the_body_and_not_the_birth(hub, ask):
    tell(hub, "created", 1, created_at=at(1))

    tell(hub, "edited", 3, "changed")

    shown = ask("GET", "/issues/comments/5").json()
    assert shown["body"] == "changed"
    assert (shown["created_at"], shown["updated_at"]) == (at(1), at(3))
    assert shown["performed_via_github_app"] is None


def test_a_late_word_does_not_undo_an_edit(hub, ask):
    tell(hub, "edited", 3, "changed", created_at=at(1))

    tell(hub, "created", 1, created_at=at(1))
    tell(hub, "created", 3, created_at=at(1))

    assert ask("GET", "/issues/comments/5").json()["body"] == "changed"


def test_a_deleted_comment_stays_deleted(hub, ask):
    tell(hub, "deleted", 2)

    tell(hub, "created", 1)

    assert ask("GET", "/issues/comments/5").status_code == 404


def test_the_apps_own_comment_says_so_whatever_comes_back(hub, ask):
    made = ask("POST", "/issues/7/comments", {"body": "mine"}).json()

    tell(hub, "created", 1, "mine", id=made["id"])

    shown = ask("GET", f"/issues/comments/{made['id']}").json()
    assert str(shown["performed_via_github_app"]["id"]) == hub.stack.github_app_id
    assert shown["user"]["type"] == "Bot"


def test_the_app_may_edit_what_somebody_else_wrote(hub, ask):
    tell(hub, "created", 1, user={"login": "ana"})

    assert ask("PATCH", "/issues/comments/5", {"body": "seen"}).status_code == 200
    assert ask("GET", "/issues/comments/5").json()["user"]["login"] == "ana"


@pytest.mark.parametrize("text", [" ", "x" * 65_537])
def test_a_text_that_github_does_not_take_is_refused_in_a_new_and_an_old_comment(hub, ask, text):
    tell(hub, "created", 1)

    new = ask("POST", "/issues/7/comments", {"body": text})
    old = ask("PATCH", "/issues/comments/5", {"body": text})

    for refused in (new, old):
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["resource"] == "IssueComment"
    assert ask("POST", "/issues/7/comments", {"body": "x" * 65_536}).status_code == 201


def test_a_reaction_is_given_once(hub, ask):
    tell(hub, "created", 1)

    first = ask("POST", "/issues/comments/5/reactions", {"content": "rocket"})
    again = ask("POST", "/issues/comments/5/reactions", {"content": "rocket"})
    ask("POST", "/issues/comments/5/reactions", {"content": "+1"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["user"]["login"] == "tesoro-xp[bot]"
    given = [one["content"] for one in ask("GET", "/issues/comments/5/reactions").json()]
    assert given == ["rocket", "+1"]
    rockets = ask("GET", "/issues/comments/5/reactions?content=rocket").json()
    assert [one["content"] for one in rockets] == ["rocket"]


@pytest.mark.parametrize("body", [{}, {"content": "thumbs"}, {"content": 1}, {"content": None}])
def test_what_is_no_reaction_is_refused(hub, ask, body):
    tell(hub, "created", 1)

    assert ask("POST", "/issues/comments/5/reactions", body).status_code == 422
    assert ask("GET", "/issues/comments/5/reactions?content=thumbs").status_code == 422


def test_a_reaction_to_nothing_is_404(ask):
    assert ask("POST", "/issues/comments/5/reactions", {"content": "+1"}).status_code == 404
    assert ask("GET", "/issues/comments/5/reactions").status_code == 404


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ({"issues": "write"}, 201),
        ({"pull_requests": "write"}, 201),
        ({"issues": "read"}, 403),
        ({"deployments": "write"}, 403),
    ],
)
def test_a_reaction_needs_the_right_to_write(hub, granted, status):
    hub.put("pulls", [{"number": 7}])
    tell(hub, "created", 1)
    token = hub.token(permissions=granted)

    path = f"{REPOSITORY}/issues/comments/5/reactions"
    answer = hub.call("POST", path, token=token, json={"content": "eyes"})

    assert answer.status_code == status
