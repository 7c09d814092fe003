"""Which image a preview runs: by its build's success, by its build's own word, by digest."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.registry.server import Running, running
from provisioning.errors import Refusal
from provisioning.identity import Principal, Role
from provisioning.intake import images as naming
from provisioning.model import Phase
from provisioning.registry import Registry
from tests.builders import REPOSITORY_ID, pull_object
from tests.scenario.pulls import MINUTE, NAME, ONE, TWO, at, build, close, images, push, up
from tests.town import Town

REPOSITORY = "ghcr.io/tesoro/rewards-api"
DIGEST = f"{REPOSITORY}@sha256:{'d' * 64}"
OTHER = f"{REPOSITORY}:{ONE}@sha256:{'e' * 64}"


def a_workflow(number: int = 1, **given: Any) -> Principal:
    """Return a run of the repository's build, with a token of its own."""
    usual: dict[str, Any] = {
        "name": "workflow",
        "roles": frozenset({Role.WORKFLOW}),
        "repository_id": REPOSITORY_ID,
        "token_id": f"token-{number}",
        "ref": "refs/pull/7/merge",
    }
    return Principal(**usual | given)


def name_image(town: Town, image: str = DIGEST, sha: str = ONE, **given: Any) -> naming.Named:
    """Have a build name the image that it pushed."""
    content = {"sha": sha, "image": image}
    named = naming.name_image(town.services, NAME, a_workflow(**given), content)
    town.settle()
    return named


def refused(town: Town, content: Any, **given: Any) -> Refusal:
    """Return how a naming is refused."""
    with pytest.raises(Refusal) as caught:
        naming.name_image(town.services, NAME, a_workflow(**given), content)
    return caught.value


def test_the_image_that_its_build_names_runs_by_digest(town: Town) -> None:
    push(town, "opened", ONE, at(9))

    named = name_image(town)
    town.pass_time(3 * MINUTE)

    assert named.ignored is None
    assert named.converged.operation is not None
    assert town.environment(NAME).phase is Phase.READY
    assert images(town) == [DIGEST]


def test_named_before_its_delivery_came_it_is_brought_up_all_the_same(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))

    name_image(town)
    push(town, "opened", ONE, at(9))
    town.pass_time(3 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY
    assert images(town) == [DIGEST]


def test_an_image_of_yesterdays_commit_is_not_run(town: Town) -> None:
    push(town, "opened", TWO, at(9))

    named = name_image(town, sha=ONE)
    town.pass_time(3 * MINUTE)

    assert named.ignored == f"{TWO[:12]} is to run, not {ONE[:12]}"
    assert town.environment(NAME).phase is Phase.CREATING
    assert images(town) == []


def test_the_same_commit_built_again_is_deployed_again(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    name_image(town)
    town.pass_time(3 * MINUTE)

    name_image(town, OTHER, number=2)
    town.pass_time(4 * MINUTE)
    again = town.environment(NAME).generation
    name_image(town, OTHER, number=3)
    town.pass_time(2 * MINUTE)

    assert images(town) == [OTHER]
    assert town.environment(NAME).generation == again


def test_the_success_of_its_workflow_changes_nothing_once_the_image_is_named(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    name_image(town)
    town.pass_time(3 * MINUTE)
    town.forget_calls()

    build(town, ONE)
    town.pass_time(2 * MINUTE)

    assert town.calls("PUT") == []


def test_named_while_it_waits_for_its_workflow_it_goes_on_at_once(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    town.pass_time(timedelta(minutes=20))
    waiting = [c.kind for c in town.environment(NAME).conditions]

    name_image(town)
    town.pass_time(2 * MINUTE)

    assert waiting == ["ImagePending"]
    assert town.environment(NAME).phase is Phase.READY


@pytest.mark.parametrize(
    "image",
    [
        "docker.io/evil/rewards-api:1",
        "ghcr.io/tesoro/rewards-api-evil:1",
        "ghcr.io/tesoro/rewards-api",
        "ghcr.io/tesoro/rewards-api/../evil:1",
        "ghcr.io/tesoro/rewards-api@sha256:abc",
        "",
        7,
        None,
    ],
)
def test_only_the_services_own_images_may_be_named(town: Town, image: Any) -> None:
    town.pulls(pull_object(7, sha=ONE))

    refusal = refused(town, {"sha": ONE, "image": image})

    assert refusal.status == 400
    assert [(f.code, f.target) for f in refusal.faults] == [("image_refused", "image")]


def test_every_fault_is_named_at_once(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))

    refusal = refused(town, {"sha": "main", "tag": "x"})

    assert [f.target for f in refusal.faults] == ["sha", "image", "tag"]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        pytest.param({"repository_id": 1}, 403, "repository_mismatch", id="another repository"),
        pytest.param({"ref": "refs/pull/8/merge"}, 403, "ref_mismatch", id="another pull request"),
    ],
)
def test_a_workflow_names_the_image_of_its_own_pull_request_alone(
    town: Town, given: dict[str, Any], status: int, code: str
) -> None:
    town.pulls(pull_object(7, sha=ONE))

    refusal = refused(town, {"sha": ONE, "image": DIGEST}, **given)

    assert (refusal.status, refusal.faults[0].code) == (status, code)


def test_a_workflows_token_serves_once(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    name_image(town)

    refusal = refused(town, {"sha": ONE, "image": OTHER})

    assert (refusal.status, refusal.faults[0].code) == (401, "token_spent")


def test_a_fault_does_not_use_the_token_up(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    refused(town, {"sha": ONE, "image": "evil"})

    assert name_image(town).ignored is None


def test_what_others_built_has_no_image_to_name(town: Town) -> None:
    with pytest.raises(Refusal) as caught:
        naming.name_image(town.services, "staging", replace(a_workflow(), repository_id=None), {})

    assert (caught.value.status, caught.value.faults[0].code) == (409, "environment_not_a_preview")


def test_an_image_of_a_fork_runs_only_once_its_commit_is_approved(town: Town) -> None:
    push(town, "opened", ONE, at(9), fork=True)

    named = name_image(town, ref="refs/heads/main")
    town.pass_time(3 * MINUTE)

    assert named.ignored == f"nothing is to run, not {ONE[:12]}"
    assert images(town) == []


def test_after_it_is_gone_it_is_not_brought_back_by_a_build(town: Town) -> None:
    up(town)
    close(town, when=at(10))
    town.pass_time(4 * MINUTE)

    name_image(town)
    town.pass_time(3 * MINUTE)

    assert town.environment(NAME).phase is Phase.GONE


def test_where_a_registry_can_be_asked_the_tag_is_deployed_by_its_digest(town: Town) -> None:
    with a_registry(town) as registry:
        digest = registry.push("tesoro/rewards-api", ONE)
        up(town)

    assert images(town) == [f"{REPOSITORY}@{digest}"]


def test_a_build_that_succeeded_without_pushing_is_waited_for_visibly(town: Town) -> None:
    with a_registry(town) as registry:
        push(town, "opened", ONE, at(9))
        build(town, ONE)
        (waiting,) = town.environment(NAME).conditions
        digest = registry.push("tesoro/rewards-api", ONE)
        town.pass_time(timedelta(minutes=9))

    assert "its registry has no image of it" in waiting.message
    assert images(town) == [f"{REPOSITORY}@{digest}"]


def test_a_tag_that_a_build_names_is_looked_up_as_well(town: Town) -> None:
    with a_registry(town) as registry:
        digest = registry.push("tesoro/rewards-api", "v1")
        push(town, "opened", ONE, at(9))
        name_image(town, f"{REPOSITORY}:v1")
        town.pass_time(3 * MINUTE)

    assert images(town) == [f"{REPOSITORY}@{digest}"]


@contextmanager
def a_registry(town: Town) -> Iterator[Running]:
    """Have the town ask a registry while the block runs."""
    with running() as registry:
        client = Registry(registry.url, uptime=lambda: 0.0)
        town.services = replace(town.services, registry=client)
        yield registry
        client.close()
