"""What a start accepts, what it skips, and what it refuses, of an app and of its settings."""

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from local.host import config, loading, logs, routing, validation
from local.host.config import HostRefused
from local.host.functions import Accepted, Http, Queue, Timer
from local.host.inline import running
from local.host.loading import Indexed, LoadFailure
from local.host.settings import ConnectionString, Identity, Settings

from .builders import Notes, admin, an_app, get

STORAGE = {"AzureWebJobsStorage": "AccountName=a", "Storage": "AccountName=b"}
HTTP = """
@app.route()
def {name}(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("")
"""


def index(tmp_path: Path, body: str, **settings: str) -> tuple[Indexed, ...]:
    """Return what the worker reports of an app."""
    app = an_app(tmp_path, body)
    return loading.load(app, Settings(settings), module=f"app_{abs(hash(tmp_path))}")


def accept(tmp_path: Path, body: str, host_json: Any = None, **settings: str) -> Accepted:
    """Return what the host makes of an app."""
    indexed = index(tmp_path, body)
    given = Settings(STORAGE | settings)
    if host_json is not None:
        (tmp_path / "host.json").write_text(json.dumps(host_json))
    return validation.accept(indexed, config.read(tmp_path, given), given)


class TestTheWorkersHalf:
    @pytest.mark.parametrize(
        ("body", "why"),
        [
            pytest.param("1 / 0", "ZeroDivisionError", id="an exception at import"),
            pytest.param("import nothing_of_that_name", "ModuleNotFound", id="a missing module"),
            pytest.param("again = app", "more than one", id="a second name for the app"),
            pytest.param("del app", "no FunctionApp", id="no app"),
            pytest.param(
                HTTP.format(name="a") + HTTP.format(name="a"), "unique", id="a name used twice"
            ),
            pytest.param("@app.function_name('x')\ndef a(req): pass", "trigger", id="no trigger"),
            pytest.param(
                "@app.route()\n@app.timer_trigger(arg_name='req', schedule='* * * * *')\n"
                "def a(req): pass",
                "trigger was already registered",
                id="two triggers",
            ),
            pytest.param(
                "@app.route()\ndef a(req, clock=None): pass", "clock", id="a parameter too many"
            ),
            pytest.param("@app.route()\ndef a(): pass", "req", id="a parameter too few"),
            pytest.param(
                "@app.route()\ndef a(req: func.TimerRequest): pass",
                "cannot give",
                id="another trigger's annotation",
            ),
            pytest.param(
                "@app.route()\ndef a(req: func.HttpRequest | None): pass",
                "not a class",
                id="a union",
            ),
            pytest.param(
                "@app.route()\ndef a(req: func.HttpRequest) -> dict: pass",
                "cannot take",
                id="a dict returned",
            ),
            pytest.param(
                "@app.route()\ndef a(req) -> typing.Optional[str]: pass",
                "not a class",
                id="an optional returned",
            ),
            pytest.param(
                "@app.route()\ndef a(req: func.Out[str]): pass", "but annotated", id="out for in"
            ),
            pytest.param(
                "@app.route()\ndef a(req, context: str): pass", "context", id="a strange context"
            ),
        ],
    )
    def test_one_fault_leaves_the_app_without_functions(
        self, tmp_path: Path, body: str, why: str
    ) -> None:
        with pytest.raises(LoadFailure, match=why):
            index(tmp_path, HTTP.format(name="innocent") + body)

    def test_annotations_may_be_text(self, tmp_path: Path) -> None:
        body = "@app.route()\ndef a(req: 'func.HttpRequest') -> 'func.HttpResponse': pass"

        (one,) = index(tmp_path, body)

        assert one.annotation is not None
        assert one.annotation.__name__ == "HttpRequest"

    def test_a_wrapper_that_says_so_keeps_its_signature(self, tmp_path: Path) -> None:
        body = """
            import functools

            def door(run):
                @functools.wraps(run)
                def through(*args, **kwargs):
                    return run(*args, **kwargs)
                return through

            @app.route()
            @door
            def a(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
                return func.HttpResponse("")
            """

        (one,) = index(tmp_path, body)

        assert (one.name, one.wants_context, one.is_async) == ("a", True, False)

    def test_another_file_may_be_the_app(self, tmp_path: Path) -> None:
        an_app(tmp_path, HTTP.format(name="a"))
        (tmp_path / "function_app.py").rename(tmp_path / "other.py")

        settings = Settings({"PYTHON_SCRIPT_FILE_NAME": "other.py"})
        (one,) = loading.load(tmp_path, settings, module="other_of_tests")

        assert one.name == "a"

    def test_a_blueprint_is_no_second_app(self, tmp_path: Path) -> None:
        body = """
            bp = func.Blueprint()

            @bp.route()
            def a(req: func.HttpRequest) -> func.HttpResponse:
                return func.HttpResponse("")

            app.register_functions(bp)
            """

        assert [one.name for one in index(tmp_path, body)] == ["a"]

    def test_an_app_that_does_not_load_is_404_and_says_why(self, tmp_path: Path) -> None:
        with running(an_app(tmp_path, HTTP.format(name="a") + "1 / 0")) as host:
            answer = get(f"{host.url}/api/a")
            status = admin(host, "GET", "host/status").json()

        assert answer.status_code == 404
        assert "ZeroDivisionError" in status["errors"][0]


class TestTheHostsHalf:
    @pytest.mark.parametrize(
        ("decorators", "why"),
        [
            pytest.param("@app.route(route='admin')", "keeps for itself", id="admin"),
            pytest.param("@app.route(route='Administrators')", "keeps for", id="a beginning"),
            pytest.param("@app.route(route='runtimes/x')", "keeps for itself", id="runtime"),
            pytest.param("@app.function_name('host')\n@app.route()", "name", id="host"),
            pytest.param("@app.function_name('1a')\n@app.route()", "name", id="a digit first"),
            pytest.param("@app.function_name('a.b')\n@app.route()", "name", id="a dot"),
            pytest.param(
                "@app.timer_trigger(arg_name='req', schedule='%MISSING%')",
                "MISSING",
                id="a missing setting",
            ),
            pytest.param(
                "@app.timer_trigger(arg_name='req', schedule='%GIVEN')", "closed", id="one %"
            ),
            pytest.param(
                "@app.timer_trigger(arg_name='req', schedule='@daily')", "fields", id="no schedule"
            ),
            pytest.param(
                "@app.queue_trigger(arg_name='req', queue_name='q', connection='Storage')",
                "not a queue name",
                id="a short queue name",
            ),
            pytest.param(
                "@app.queue_trigger(arg_name='req', queue_name='work', connection='Other')",
                "AzureWebJobsOther nor Other",
                id="a missing connection",
            ),
            pytest.param(
                "@app.blob_trigger(arg_name='req', path='a', connection='Storage')",
                "does not know",
                id="another binding",
            ),
            pytest.param(
                "@app.route()\n@app.retry(strategy='fixed_delay', max_retry_count='1', "
                "delay_interval='00:00:01')",
                "retry policy",
                id="a retry of anything but a timer",
            ),
        ],
    )
    def test_one_fault_skips_one_function(self, tmp_path: Path, decorators: str, why: str) -> None:
        body = f"{HTTP.format(name='innocent')}\n{decorators}\ndef guilty(req): pass"

        accepted = accept(tmp_path, body, GIVEN="x")

        assert [one.name for one in accepted.functions] == ["innocent"]
        ((errors),) = accepted.faults.values()
        assert why in "; ".join(errors)

    def test_a_double_underscore_in_a_binding_name_is_refused(self, tmp_path: Path) -> None:
        body = "@app.route(trigger_arg_name='a__b')\ndef one(a__b): pass"

        assert "binding name" in accept(tmp_path, body).faults["one"][0]

    def test_names_that_differ_in_case_alone_are_both_refused(self, tmp_path: Path) -> None:
        accepted = accept(tmp_path, HTTP.format(name="Abc") + HTTP.format(name="abc"))

        assert sorted(accepted.faults) == ["Abc", "abc"]
        assert accepted.functions == ()

    def test_of_two_functions_with_one_route_the_later_name_is_refused(
        self, tmp_path: Path
    ) -> None:
        body = "\n".join(
            f"@app.route(route='{route}', methods={methods})\ndef {name}(req): pass"
            for name, route, methods in (
                ("b", "jobs", ["GET", "POST"]),
                ("a", "JOBS", ["GET"]),
                ("c", "jobs", ["DELETE"]),
            )
        )

        accepted = accept(tmp_path, body)

        assert [one.name for one in accepted.functions] == ["a", "c"]
        assert "taken by a" in accepted.faults["b"][0]

    @pytest.mark.parametrize("route", ["/jobs", "{x", "{x:nothing}", "{*x}/y", "{x}/{X}"])
    def test_a_route_that_aspnet_cannot_build_stops_the_host(
        self, tmp_path: Path, route: str
    ) -> None:
        body = f"@app.route(route={route!r})\ndef one(req): pass"

        with pytest.raises(HostRefused):
            accept(tmp_path, body)

    def test_without_a_bundle_queues_are_unknown_and_the_rest_runs(self, tmp_path: Path) -> None:
        body = HTTP.format(name="a") + (
            "@app.queue_trigger(arg_name='m', queue_name='work', connection='Storage')\n"
            "def b(m): pass\n"
            "@app.timer_trigger(arg_name='t', schedule='0 * * * * *')\n"
            "def c(t): pass\n"
        )

        accepted = accept(tmp_path, body, {"version": "2.0"})

        assert [one.name for one in accepted.functions] == ["a", "c"]
        assert "extensionBundle" in accepted.faults["b"][0]

    def test_settings_are_put_into_schedule_queue_and_connection(self, tmp_path: Path) -> None:
        body = (
            "@app.queue_trigger(arg_name='m', queue_name='%PRE%-%POST%', connection='%WHERE%')\n"
            "def b(m): pass\n"
            "@app.timer_trigger(arg_name='t', schedule='%WHEN%')\n"
            "def c(t): pass\n"
            "@app.route(route='%PRE%')\ndef d(req): pass\n"
        )
        settings = {"pre": "Work", "POST": "in", "WHERE": "Other", "WHEN": "0 0 * * * *"}

        queue, timer, http = accept(tmp_path, body, Other="AccountName=c", **settings).functions

        connection = ConnectionString(text="AccountName=c")
        assert queue.trigger == Queue(queue="work-in", connection=connection)
        assert isinstance(timer.trigger, Timer)
        assert timer.trigger.schedule.text == "0 0 * * * *"
        assert isinstance(http.trigger, Http)
        assert routing.match(http.trigger.template, "/api/%25PRE%25") == {}

    def test_faults_are_shown_by_name(self, tmp_path: Path, notes: Notes) -> None:
        body = HTTP.format(name="good") + "@app.route(route='admin')\ndef bad(req): pass"

        with running(an_app(tmp_path, body), settings=STORAGE) as host:
            answers = [
                admin(host, "GET", f"functions/{name}/status") for name in ("good", "BAD", "none")
            ]
            run = admin(host, "POST", "functions/bad", json={})

        assert [answer.status_code for answer in answers] == [200, 200, 404]
        assert answers[0].json() == {}
        assert "keeps for itself" in answers[1].json()["errors"][0]
        assert run.status_code == 404


class TestSettings:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            pytest.param({"Other": "b"}, ConnectionString(text="b"), id="by its name"),
            pytest.param(
                {"AzureWebJobsOther": "a", "Other": "b"}, ConnectionString(text="a"), id="prefix"
            ),
            pytest.param(
                {"ConnectionStrings__Other": "c"}, ConnectionString(text="c"), id="section"
            ),
            pytest.param(
                {"Other__queueServiceUri": "https://q"},
                Identity(service_uri="https://q"),
                id="uri",
            ),
            pytest.param(
                {"Other__serviceUri": "https://s"}, Identity(service_uri="https://s"), id="any uri"
            ),
            pytest.param(
                {"Other__accountName": "acc"},
                Identity(service_uri="https://acc.queue.core.windows.net"),
                id="account",
            ),
        ],
    )
    def test_a_connection_is_looked_up_as_the_host_does(
        self, values: dict[str, str], expected: object
    ) -> None:
        assert Settings(values).connection("Other", service="queue") == expected

    def test_the_prefix_makes_storage_the_hosts_own_whatever_storage_says(self) -> None:
        """`Storage` is looked up as `AzureWebJobsStorage` first, which is always there."""
        found = Settings(STORAGE).connection("Storage", service="queue")

        assert found == ConnectionString(text="AccountName=a")

    def test_a_blank_connection_is_the_hosts_own(self) -> None:
        found = Settings(STORAGE).connection("", service="queue")

        assert found == ConnectionString(text="AccountName=a")


class TestHostJson:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("{}", id="no version"),
            pytest.param('{"version": "1.0"}', id="another version"),
            pytest.param("{", id="no JSON"),
            pytest.param("[]", id="no object"),
            pytest.param('{"version": "2.0", "functionTimeout": "soon"}', id="no time"),
            pytest.param(
                '{"version": "2.0", "extensions": {"queues": {"batchSize": 33}}}',
                id="a batch of 33",
            ),
            pytest.param(
                '{"version": "2.0", "extensions": {"queues": {"messageEncoding": "utf7"}}}',
                id="an encoding",
            ),
        ],
    )
    def test_what_azure_refuses_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "host.json").write_text(text)

        with pytest.raises(HostRefused):
            config.read(tmp_path, Settings({}))

    def test_a_missing_file_means_the_defaults(self, tmp_path: Path) -> None:
        given = config.read(tmp_path, Settings({}))

        assert given.route_prefix == "api"
        assert given.queues.batch_size == 16
        assert given.queues.max_dequeue_count == 5
        assert given.queues.visibility_timeout.total_seconds() == 0
        assert given.queues.max_polling_interval.total_seconds() == 60
        assert given.queues.base64

    def test_development_polls_every_two_seconds(self, tmp_path: Path) -> None:
        settings = Settings({"AZURE_FUNCTIONS_ENVIRONMENT": "Development"})

        given = config.read(tmp_path, settings)

        assert given.queues.max_polling_interval.total_seconds() == 2

    def test_the_environment_overrides_any_value(self, tmp_path: Path) -> None:
        settings = Settings({"AzureFunctionsJobHost__extensions__queues__batchSize": "4"})

        assert config.read(tmp_path, settings).queues.batch_size == 4

    def test_a_refused_start_ends_the_host(self, tmp_path: Path) -> None:
        app = an_app(tmp_path, HTTP.format(name="a"), version="1.0")

        with running(app) as host:
            host.thread.join()

        assert host.status == 1


class TestAdmin:
    def test_everything_but_ping_wants_the_master_key(self, tmp_path: Path) -> None:
        paths = ("host/status", "functions", "functions/a", "functions/a/status")

        with running(an_app(tmp_path, HTTP.format(name="a"))) as host:
            ping = get(f"{host.url}/admin/host/ping").status_code
            without = {get(f"{host.url}/admin/{path}").status_code for path in paths}
            with_key = {admin(host, "GET", path).status_code for path in paths}

        assert (ping, without, with_key) == (200, {401}, {200})

    def test_functions_are_described(self, tmp_path: Path) -> None:
        with running(an_app(tmp_path, HTTP.format(name="a"))) as host:
            (one,) = admin(host, "GET", "functions").json()
            missing = admin(host, "GET", "functions/none").status_code

        assert (one["name"], one["language"], one["isDisabled"]) == ("a", "python", False)
        assert [b["type"] for b in one["config"]["bindings"]] == ["httpTrigger", "http"]
        assert missing == 404

    @pytest.mark.parametrize(
        ("content", "status"),
        [
            pytest.param(b"", 400, id="nothing"),
            pytest.param(b"{", 400, id="no JSON"),
            pytest.param(b"[]", 400, id="no object"),
            pytest.param(b"{}", 202, id="an empty object"),
        ],
    )
    def test_a_run_by_hand_wants_a_json_object(
        self, tmp_path: Path, content: bytes, status: int
    ) -> None:
        with running(an_app(tmp_path, HTTP.format(name="a"))) as host:
            answer = admin(host, "POST", "functions/A", content=content)

        assert answer.status_code == status

    def test_a_restart_is_asked_of_the_parent(self, tmp_path: Path) -> None:
        with running(an_app(tmp_path, HTTP.format(name="a"))) as host:
            answer = admin(host, "POST", "host/restart")
            host.thread.join()

        assert (answer.status_code, host.status) == (202, 75)


class TestContext:
    def test_a_failure_is_one_line_and_a_traceback_of_the_users_code(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with running(an_app(tmp_path, HTTP.format(name="one").replace('""', "1 / 0"))) as host:
            get(f"{host.url}/api/one")

        (failure,) = (r for r in caplog.records if "one failed in" in r.getMessage())
        assert failure.exc_info is not None
        assert "ZeroDivisionError" in logs.Line().format(failure)
        assert "invocation.py" not in logs.Line().format(failure)

    def test_a_function_learns_who_it_is(self, tmp_path: Path, notes: Notes) -> None:
        body = """
            @app.route()
            def one(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
                seen.append(context)
                return func.HttpResponse("")
            """
        with running(an_app(tmp_path, body)) as host:
            get(f"{host.url}/api/one")

        context = notes.seen.next()
        assert context.function_name == "one"
        assert context.function_directory == str(tmp_path)
        assert len(context.invocation_id) == 36
        assert context.retry_context.retry_count == 0

    def test_a_line_without_an_invocation_is_marked_as_lost(
        self, tmp_path: Path, notes: Notes
    ) -> None:
        body = """
            import asyncio

            log = logging.getLogger("mine")

            @app.route()
            def sync(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
                log.info("in the pool")
                def lost():
                    log.info("in my thread")
                def kept():
                    context.thread_local_storage.invocation_id = context.invocation_id
                    log.info("in a thread that says so")
                for run in (lost, kept):
                    thread = threading.Thread(target=run)
                    thread.start()
                    thread.join()
                return func.HttpResponse("")

            @app.route()
            async def loop(req: func.HttpRequest) -> func.HttpResponse:
                log.info("on the loop")
                await asyncio.gather(inner())
                await asyncio.to_thread(log.info, "in to_thread")
                return func.HttpResponse("")

            async def inner():
                log.info("in a child task")
            """
        lines: list[str] = []
        log = logging.getLogger("mine")
        stream = _Collecting(lines)
        log.addHandler(stream)
        log.setLevel(logging.INFO)
        try:
            with running(an_app(tmp_path, body)) as host:
                get(f"{host.url}/api/sync")
                get(f"{host.url}/api/loop")
        finally:
            log.removeHandler(stream)

        lost = [line.partition(logs.LOST)[2] for line in lines if logs.LOST in line]
        assert lost == ["in my thread", "in to_thread"]
        assert len(lines) == 6


class _Collecting(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.setFormatter(logs.Line())
        self._lines = lines
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        with self._turn:
            self._lines.append(self.format(record))
