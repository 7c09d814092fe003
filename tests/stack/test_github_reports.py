"""Deployments, statuses and comments: fields, values, and the defaults that bite."""

import pytest

from .hub import REPOSITORY, SHA

QUIET = {"ref": SHA, "auto_merge": False, "required_contexts": []}
PREVIEW = {**QUIET, "environment": "preview/pr-7", "transient_environment": True}
DEPLOYMENTS = f"{REPOSITORY}/deployments"


@pytest.fixture
def ask(hub):
    """Call under the repository with an installation token."""
    token = hub.token()

    def call(method, path, body=None, **options):
        return hub.call(method, REPOSITORY + path, token=token, json=body, **options)

    return call


@pytest.fixture
def deploy(ask):
    def make(**fields):
        made = ask("POST", "/deployments", {**PREVIEW, **fields})
        assert made.status_code == 201, made.text
        return made.json()

    return make


def say(ask, deployment, state, **fields):
    path = f"/deployments/{deployment['id']}/statuses"
    return ask("POST", path, {"state": state, **fields})


def states(ask, deployment):
    return [one["state"] for one in ask("GET", f"/deployments/{deployment['id']}/statuses").json()]


def test_a_deployment_is_made_as_asked(ask, deploy):
    made = deploy(payload={"preview": "pr-7"}, description="a preview")

    assert (made["sha"], made["environment"], made["task"]) == (SHA, "preview/pr-7", "deploy")
    assert made["transient_environment"]
    assert not made["production_environment"]
    assert ask("GET", f"/deployments/{made['id']}").json() == made


def test_auto_merge_merges_and_makes_no_deployment(ask):
    answer = ask("POST", "/deployments", {"ref": SHA, "required_contexts": []})

    assert answer.status_code == 202
    assert "Auto-merged" in answer.json()["message"]
    assert ask("GET", "/deployments").json() == []


@pytest.mark.parametrize("contexts", [{}, {"required_contexts": ["ci"]}])
def test_a_deployment_waits_for_every_status_unless_told_otherwise(ask, contexts):
    answer = ask("POST", "/deployments", {"ref": SHA, "auto_merge": False, **contexts})

    assert answer.status_code == 409
    assert "Commit status checks failed" in answer.json()["message"]


def test_an_environment_without_a_name_is_production(ask):
    made = ask("POST", "/deployments", QUIET).json()

    assert (made["environment"], made["production_environment"]) == ("production", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ref": None},
        {"ref": 7},
        {"ref": "no-such-branch"},
        {"auto_merge": "no"},
        {"required_contexts": "none"},
        {"payload": 7},
        {"transient_environment": 1},
        {"environment": None},
    ],
)
def test_a_deployment_with_a_wrong_field_is_refused(ask, wrong):
    body = {**QUIET, **wrong}

    answer = ask("POST", "/deployments", body)

    assert answer.status_code == 422


def test_a_branch_of_a_pull_request_leads_to_its_head(ask, hub):
    hub.put("pulls", [{"number": 7, "head": {"ref": "topic", "sha": "b" * 40}}])

    for ref in ("topic", "refs/pull/7/head"):
        assert ask("POST", "/deployments", {**QUIET, "ref": ref}).json()["sha"] == "b" * 40


def test_deployments_are_found_by_commit_and_environment_newest_first(ask, deploy):
    first, second = deploy(), deploy()
    deploy(environment="preview/pr-8")
    deploy(ref="b" * 40)

    found = ask("GET", f"/deployments?sha={SHA}&environment=preview/pr-7").json()

    assert [one["id"] for one in found] == [second["id"], first["id"]]


def test_a_status_is_kept_newest_first(ask, deploy):
    made = deploy()

    say(ask, made, "in_progress")
    told = say(ask, made, "success", environment_url="https://pr-7.example", log_url="http://x.y")

    assert told.status_code == 201
    assert told.json()["target_url"] == "http://x.y"
    assert states(ask, made) == ["success", "in_progress"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "ready"},
        {"state": None},
        {"description": "x" * 141},
        {"environment_url": "pr-7.example"},
        {"environment_url": "ftp://pr-7.example"},
        {"environment_url": "http://["},
        {"log_url": "nowhere"},
        {"auto_inactive": "yes"},
        {"environment": ""},
    ],
)
def test_a_status_with_a_wrong_field_is_refused(ask, deploy, wrong):
    made = deploy()

    answer = ask("POST", f"/deployments/{made['id']}/statuses", {"state": "success", **wrong})

    assert answer.status_code == 422
    assert states(ask, made) == []


def test_a_status_of_no_deployment_is_404(ask):
    assert ask("POST", "/deployments/1/statuses", {"state": "success"}).status_code == 404


def test_success_retires_earlier_deployments_of_a_lasting_environment(ask, deploy):
    old, new = (deploy(environment="staging", transient_environment=False) for _ in range(2))
    say(ask, old, "success")

    say(ask, new, "success")

    assert states(ask, old) == ["inactive", "success"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"transient_environment": True}, {}, id="a transient one"),
        pytest.param({"production_environment": True}, {}, id="production"),
        pytest.param({}, {"auto_inactive": False}, id="when told not to"),
    ],
)
def test_success_retires_nothing_of(ask, deploy, fields, status):
    usual = {"environment": "staging", "transient_environment": False}
    old, new = (deploy(**{**usual, **fields}) for _ in range(2))
    say(ask, old, "success")

    say(ask, new, "success", **status)

    assert states(ask, old) == ["success"]


def test_an_active_deployment_is_not_deleted_unless_it_is_alone(ask, deploy):
    first, second = deploy(), deploy()
    say(ask, first, "success")

    assert ask("DELETE", f"/deployments/{first['id']}").status_code == 422
    assert ask("DELETE", f"/deployments/{second['id']}").status_code == 204
    assert ask("DELETE", f"/deployments/{first['id']}").status_code == 204
    assert ask("GET", f"/deployments/{first['id']}").status_code == 404


def test_a_comment_is_written_changed_and_deleted(ask, hub):
    hub.put("pulls", [{"number": 7}])

    made = ask("POST", "/issues/7/comments", {"body": "one"}).json()
    changed = ask("PATCH", f"/issues/comments/{made['id']}", {"body": "two"}).json()

    assert changed["body"] == "two"
    assert [one["body"] for one in ask("GET", "/issues/7/comments").json()] == ["two"]
    assert ask("GET", f"/issues/comments/{made['id']}").json()["user"]["type"] == "Bot"
    assert ask("DELETE", f"/issues/comments/{made['id']}").status_code == 204
    assert ask("GET", f"/issues/comments/{made['id']}").status_code == 404


@pytest.mark.parametrize("body", [{}, {"body": ""} | {"body": None}, {"body": "x" * 65_537}])
def test_a_comment_without_or_with_too_much_text_is_refused(ask, hub, body):
    hub.put("pulls", [{"number": 7}])

    assert ask("POST", "/issues/7/comments", body).status_code == 422


def test_a_comment_on_nothing_is_404(ask):
    assert ask("POST", "/issues/9/comments", {"body": "one"}).status_code == 404


def test_pull_requests_are_listed_by_state_in_pages(ask, hub):
    hub.put("pulls", [{"number": n, "state": "open" if n % 5 else "closed"} for n in range(1, 11)])

    first = ask("GET", "/pulls?per_page=3&sort=created&direction=asc")
    second = ask("GET", first.links["next"]["url"].partition("rewards-api")[2])

    assert [one["number"] for one in first.json()] == [1, 2, 3]
    assert [one["number"] for one in second.json()] == [4, 6, 7]
    assert "page=3" in second.links["last"]["url"]
    assert "page=1" in second.links["prev"]["url"]
    assert len(ask("GET", "/pulls?state=all").json()) == 10
    assert len(ask("GET", "/pulls?state=closed").json()) == 2
    assert ask("GET", "/pulls?state=sleeping").status_code == 422
    assert ask("GET", "/pulls/11").status_code == 404


def test_pull_requests_are_found_by_head_and_base(ask, hub):
    hub.put(
        "pulls",
        [{"number": 1, "head": {"ref": "topic"}}, {"number": 2, "base": {"ref": "release"}}],
    )

    assert [one["number"] for one in ask("GET", "/pulls?head=tesoro:topic").json()] == [1]
    assert [one["number"] for one in ask("GET", "/pulls?base=release").json()] == [2]


def test_runs_are_found_by_commit_status_and_event(ask, hub):
    hub.put(
        "runs",
        [
            {"id": 1, "head_sha": SHA, "status": "completed", "conclusion": "success"},
            {"id": 2, "head_sha": SHA, "status": "completed", "conclusion": "failure"},
            {"id": 3, "head_sha": "b" * 40, "status": "in_progress", "event": "push"},
        ],
    )

    def found(query):
        answer = ask("GET", f"/actions/runs?{query}").json()
        assert answer["total_count"] == len(answer["workflow_runs"])
        return [one["id"] for one in answer["workflow_runs"]]

    assert found(f"head_sha={SHA}") == [2, 1]
    assert found(f"head_sha={SHA}&status=success") == [1]
    assert found("status=completed") == [2, 1]
    assert found("event=push") == [3]
    assert ask("GET", "/actions/runs/3").json()["name"] == "build"
    assert ask("GET", "/actions/runs/4").status_code == 404


def test_a_commit_tells_who_wrote_it(ask, hub):
    hub.put("pulls", [{"number": 7, "head": {"sha": SHA}, "user": {"login": "ana"}}])
    hub.put("commits", [{"sha": "b" * 40, "author": {"login": "luis"}}])

    assert ask("GET", f"/commits/{SHA}").json()["author"]["login"] == "ana"
    assert ask("GET", f"/commits/{'b' * 40}").json()["author"]["login"] == "luis"
    assert ask("GET", f"/commits/{'c' * 40}").status_code == 422
    assert [one["number"] for one in ask("GET", f"/commits/{SHA}/pulls").json()] == [7]


def test_permissions_are_as_told_and_none_for_strangers(ask, hub):
    hub.put("collaborators", [{"login": "Ana", "permission": "write"}])

    def level(login):
        return ask("GET", f"/collaborators/{login}/permission").json()["permission"]

    assert [level(name) for name in ("ana", "tesoro", "stranger")] == ["write", "admin", "none"]


@pytest.mark.parametrize(
    ("stated", "permission", "role"),
    [
        ({"permission": "admin"}, "admin", "admin"),
        ({"permission": "maintain"}, "write", "maintain"),
        ({"permission": "triage"}, "read", "triage"),
        ({"permission": "none"}, "none", ""),
        ({"permission": "write", "role_name": "releaser"}, "write", "releaser"),
    ],
)
def test_a_permission_is_one_of_four_words_and_the_role_the_finer_one(
    ask, hub, stated, permission, role
):
    hub.put("collaborators", [{"login": "ana", **stated}])

    shown = ask("GET", "/collaborators/ana/permission").json()

    assert (shown["permission"], shown["role_name"]) == (permission, role)
    assert shown["user"]["permissions"]["push"] == (permission in ("admin", "write"))


def test_who_is_not_at_github_has_no_permission_to_show(ask, hub):
    hub.put("collaborators", [{"login": "nobody", "permission": "missing"}])

    answer = ask("GET", "/collaborators/nobody/permission")

    assert answer.status_code == 404
    assert answer.json()["message"] == "nobody is not a user"


def test_a_stranger_may_read_what_is_public(ask, hub):
    def shown():
        answer = ask("GET", "/collaborators/stranger/permission").json()
        return answer["permission"], answer["role_name"]

    assert shown() == ("none", "")
    hub.happen("repository", "publicized", repository={"id": 1296269})
    assert shown() == ("read", "read")
    hub.happen("repository", "privatized", repository={"id": 1296269})
    assert shown() == ("none", "")


def test_what_was_answered_is_there_after_a_restart(ask, deploy, hub, stack, github_state):
    from local.clock import RealClock
    from local.github.answers import Request
    from local.github.site import Site
    from local.github.store import Store
    from local.github.world import World
    from local.keys import private_key
    from local.stack import github_app_key

    made, token = deploy(), hub.token()

    # A second look at the file, as after kill -9: nobody closed it.
    key = private_key(github_app_key(github_state)).public_key()
    store = Store(github_state / "github.sqlite")
    world = World(stack=stack, clock=RealClock(), store=store, app_key=key)
    with store.transaction():
        answer = Site(world).answer(
            Request(
                method="GET",
                path=f"{DEPLOYMENTS}/{made['id']}",
                headers={"user-agent": "tests", "authorization": f"Bearer {token}"},
            )
        )
    store.close()

    assert answer.body == made
