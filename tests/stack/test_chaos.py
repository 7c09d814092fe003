"""Two hundred events of thirty pull requests, lost, doubled and shuffled, over HTTP."""

import json
from collections import Counter
from pathlib import Path
from random import Random

from local.outside import run, stack
from tests.chaos import a_chaos

GROUPS = "/containergroups/"


def test_after_repair_there_is_what_github_has_each_created_once(tmp_path: Path) -> None:
    chaos = a_chaos(Random(20261126), pulls=30, events=200)

    with stack(tmp_path) as running:
        running.github("PUT", "pulls", json=chaos.pulls)
        running.github(
            "PUT", "runs", json=[run(sha)["workflow_run"] for sha in chaos.open.values()]
        )
        for event in chaos.arriving:
            running.deliver("pull_request", event)
        for event in chaos.lost[::2]:  # GitHub knows of these; of the others nobody does
            order = {"event": "pull_request", "payload": event, "drop": True}
            running.http.post(f"{running.ready['github']}/_local/deliver", json=order)
        running.advance("PT30M")

        shown = running.api("environments")["value"]
        live = {e["name"]: e["sha"] for e in shown if e["phase"] == "ready" and e["pull_request"]}
        calls = running.azure("GET", "calls")
        created = Counter(
            call["path"].rpartition("/")[2].lower()
            for call in calls
            if call["method"] == "PUT" and call["status"] == 201 and GROUPS in call["path"].lower()
        )
        deliveries = {d["id"]: d["state"] for d in running.api("deliveries")["value"]}

    assert live == chaos.open
    assert created == dict.fromkeys(chaos.open, 1)
    assert set(deliveries.values()) <= {"done", "ignored"}, json.dumps(deliveries, indent=1)
