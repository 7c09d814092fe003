"""Jobs of container apps: each start makes an execution, which runs, ends or is stopped.

Recorded: a start answers 200 with the identifier and the name of what it started, and may bring a
template of its own; the stop of one execution answers 200 without a body. The specification: the
stop of all of them answers with those that it stopped.
https://learn.microsoft.com/rest/api/containerapps/jobs/start
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from local.azure import images
from local.azure.arm import Answer, Json, Refusal, guid, seconds
from local.azure.bodies import read
from local.azure.declared.behaviour import Declared
from local.azure.table import Action, Use, View
from local.azure.world import Resource, plain

RUNS = 60.0  # seconds from a start to the end of its execution
_PARTS = ("containers", "initContainers")


def start(use: Use) -> Answer:
    """Start a job with its own template, or with the one that the call brings."""
    job, now = use.resource, use.call.now
    given = read(use.call) if use.call.body else {}
    template = {**(job.body["properties"].get("template") or {}), **_present(given)}
    known = len(_executions(use))
    salt = guid("execution", job.id, f"{known}{now.isoformat()}").replace("-", "")
    name = f"{job.name}-{salt[:7]}"
    begun = Resource(
        id=f"{job.id}/executions/{name}",
        type=f"{job.type}/executions",
        name=name,
        body={
            "properties": {
                "status": "Running",
                "startTime": now.isoformat(timespec="seconds"),
                "template": {part: _whole(template.get(part)) for part in _PARTS},
            }
        },
        state={"ends": (now + seconds(RUNS)).isoformat(), "well": _is_well(use, template)},
        created=now,
        changed=now,
    )
    use.world.save(begun)
    return Answer(status=200, body={"id": begun.id, "name": name})


def stop(use: Use) -> Answer:
    """Stop one execution, or all that run."""
    view = View(now=use.call.now, version=use.call.version)
    running = [one for one in _executions(use) if _status(one, use.call.now) == "Running"]
    if use.parts:
        wanted = use.parts[0].lower()
        if all(one.name.lower() != wanted for one in _executions(use)):
            raise Refusal(
                404,
                "JobExecutionNotFound",
                f"Job execution '{use.parts[0]}' was not found under job '{use.resource.name}'.",
            )
        for one in running:
            if one.name.lower() == wanted:
                _stopped(use, one)
        return Answer(status=200)
    value = [use.world.shown(_stopped(use, one), view) for one in running]
    return Answer(status=200, body={"value": value})


class Job(Declared):
    """What its table says, and its starts and stops."""

    ACTIONS: ClassVar[Mapping[tuple[str, str], Action]] = {
        ("POST", "start"): start,
        ("POST", "stop"): stop,
    }


class Execution(Declared):
    """One run of a job."""

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the execution with how far it is."""
        body = super().shown(resource, view)
        status = _status(resource, view.now)
        if status and status != body["properties"].get("status"):
            ended = datetime.fromisoformat(resource.state["ends"]).isoformat(timespec="seconds")
            body["properties"] |= {"status": status, "endTime": ended}
        return body


def _status(one: Resource, now: datetime) -> str:
    said, ends = one.body["properties"].get("status") or "", one.state.get("ends")
    if said == "Running" and ends and now >= datetime.fromisoformat(ends):
        return "Succeeded" if one.state["well"] else "Failed"
    return str(said)


def _stopped(use: Use, one: Resource) -> Resource:
    body: Json = plain(one.body)
    ended = use.call.now.isoformat(timespec="seconds")
    body["properties"] |= {"status": "Stopped", "endTime": ended}
    return use.world.save(replace(one, body=body, changed=use.call.now))


def _executions(use: Use) -> list[Resource]:
    start_of = f"{use.resource.id}/executions/".lower()
    return list(use.world.below(start_of, f"{use.resource.type}/executions"))


def _is_well(use: Use, template: Json) -> bool:
    rules: list[Json] = use.world.notes.get("images", [])
    named = [str(one.get("image")) for one in template.get("containers") or []]
    return all(images.look(rules, image)["behaviour"] == "ok" for image in named)


def _present(given: Json) -> Json:
    return {name: value for name, value in given.items() if value is not None}


def _whole(containers: list[Json] | None) -> list[Json]:
    """Return containers as an execution tells them: only what was said, and their resources."""
    return [
        {
            **_present(one),
            "imageType": one.get("imageType") or "ContainerImage",
            "resources": {
                **{"cpu": 0.5, "memory": "1Gi", "ephemeralStorage": ""},
                **_present(one.get("resources") or {}),
            },
        }
        for one in containers or []
    ]
