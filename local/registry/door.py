"""Request in, answer out: the spec's few endpoints, the token service, and what tests steer.

What is not simulated is 404, and said loudly on standard error.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.registry.answers import Answer, Json, RegistryError, Request, as_json
from local.registry.gate import Gate, Rules, Way
from local.registry.shelf import OCI_MANIFEST, Shelf

_MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")
_LOCAL = "/_local/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An order to go wrong: calls of that method and path, so many times."""

    status: int
    path: str = ""
    method: str = ""
    headers: Json = field(default_factory=dict)
    body: bytes | None = None


class Door:
    """One registry, without a socket."""

    def __init__(self, rules: Rules, clock: Callable[[], float]) -> None:
        self.shelf = Shelf()
        self.gate = Gate(rules, clock)
        self.asked: list[Request] = []
        self._faults: list[Fault] = []

    def fail(self, fault: Fault, *, times: int = 1) -> None:
        """Answer the next calls that match with the fault."""
        self._faults += [fault] * times

    def throttle(self, seconds: int, *, times: int = 1) -> None:
        """Ask for fewer calls, as a registry does whose limit is reached."""
        self.fail(Fault(status=429, headers={"retry-after": str(seconds)}), times=times)

    def answer(self, request: Request) -> Answer:
        """Return the answer to one call."""
        if request.path.startswith(_LOCAL):
            return self._guarded(self._steer, request)
        self.asked.append(request)
        made = self._guarded(self._serve, request)
        version = {"docker-distribution-api-version": "registry/2.0"}
        return Answer(status=made.status, body=made.body, headers=version | dict(made.headers))

    def _guarded(self, work: Callable[[Request], Answer], request: Request) -> Answer:
        try:
            return work(request)
        except RegistryError as error:
            return error.answer()

    def _serve(self, request: Request) -> Answer:
        fault = self._ordered(request)
        if fault is not None:
            return _faulty(fault)
        is_azure, place = self.gate.rules.way is Way.AZURE, (request.method, request.path)
        match place:
            case "GET", "/token":
                return self.gate.token(request)
            case "POST", "/oauth2/exchange" if is_azure:
                return self.gate.exchange(request)
            case "POST", "/oauth2/token" if is_azure:
                return self.gate.redeem(request)
            case "GET", "/oauth2/token" if is_azure:
                return self.gate.token(request)
        found = _MANIFEST.fullmatch(request.path)
        if found is None or request.method not in ("GET", "HEAD"):
            print(f"registry: not simulated: {place}", file=sys.stderr, flush=True)
            raise RegistryError(404, "UNSUPPORTED", "not simulated")
        return self._manifest(request, found["name"], found["reference"])

    def _manifest(self, request: Request, name: str, reference: str) -> Answer:
        self.gate.admit(request, name)
        found = self.shelf.find(name, reference)
        if not _accepts(request.headers.get("accept", "*/*"), found.media_type):
            raise RegistryError(
                404, "MANIFEST_UNKNOWN", "manifest found, but the accept header does not take it"
            )
        headers = {"content-type": found.media_type, "docker-content-digest": found.digest}
        return Answer(body=found.body, headers=headers)

    def _ordered(self, request: Request) -> Fault | None:
        for fault in self._faults:
            if fault.method in ("", request.method) and re.search(fault.path, request.path):
                self._faults.remove(fault)
                return fault
        return None

    # What tests steer by HTTP

    def _steer(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix(_LOCAL):
            case "PUT", "tags":
                return as_json([self._push(one) for one in _objects(request.content())])
            case "POST", "faults":
                for one in _objects(request.content()):
                    self._order(one)
                return Answer(status=204)
            case "DELETE", "faults":
                self._faults.clear()
                return Answer(status=204)
            case "GET", "requests":
                return as_json([{"method": one.method, "path": one.path} for one in self.asked])
            case "DELETE", "requests":
                self.asked.clear()
                return Answer(status=204)
        raise RegistryError(404, "UNSUPPORTED", "nothing is steered there")

    def _push(self, given: Json) -> Json:
        _known(given, {"repository", "tag", "media_type"})
        repository, tag = str(given.get("repository", "")), str(given.get("tag", ""))
        kind = str(given.get("media_type", OCI_MANIFEST))
        digest = self.shelf.push(repository, tag, media_type=kind)
        return {"repository": repository, "tag": tag, "digest": digest}

    def _order(self, given: Json) -> None:
        _known(given, {"status", "path", "method", "headers", "times"})
        status, times = given.get("status"), given.get("times", 1)
        if not isinstance(status, int) or not 200 <= status <= 599 or not isinstance(times, int):
            raise RegistryError(400, "UNSUPPORTED", "status is 200 to 599, times a number")
        fault = Fault(
            status=status,
            path=str(given.get("path", "")),
            method=str(given.get("method", "")),
            headers=given.get("headers", {}),
        )
        self.fail(fault, times=times)


def _accepts(accept: str, media_type: str) -> bool:
    """Say whether the caller takes that type; at registries a range means everything or one."""
    taken = {item.partition(";")[0].strip().lower() for item in accept.split(",")}
    return bool(taken & {media_type, "*/*", "application/*"})


def _faulty(fault: Fault) -> Answer:
    code, message = {429: ("TOOMANYREQUESTS", "too many requests"), 403: ("DENIED", "denied")}.get(
        fault.status, ("UNKNOWN", "ordered by a test")
    )
    if fault.body is not None:
        return Answer(status=fault.status, body=fault.body, headers=fault.headers)
    return RegistryError(fault.status, code, message, fault.headers).answer()


def _objects(content: Any) -> list[Json]:
    found = content if isinstance(content, list) else [content]
    if not all(isinstance(one, dict) for one in found):
        raise RegistryError(400, "UNSUPPORTED", "an object is wanted, or a list of them")
    return found


def _known(given: Json, names: set[str]) -> None:
    unknown = ", ".join(sorted(set(given) - names))
    if unknown:
        raise RegistryError(400, "UNSUPPORTED", f"unknown: {unknown}")
