"""What an HTTP function and its caller see of each other."""

import http.client
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from local.host import routing
from local.host.inline import MASTER, Inline, running
from local.host.keys import Keys

from .builders import Notes, an_app, ask, get

KEYS = Keys(
    master=MASTER, host=("any-function",), functions={"guarded": "own-key", "other": "other-key"}
)


def the_answer(tmp_path: Path, body: str, path: str = "/api/one") -> httpx.Response:
    """Return what one app answers to one GET."""
    with running(an_app(tmp_path, body)) as host:
        return get(host.url + path)


def after(event: threading.Event) -> Callable[[], None]:
    def prepare() -> None:
        event.wait()

    return prepare


def returning(expression: str) -> str:
    return f"""
        @app.route()
        def one(req: func.HttpRequest):
            return {expression}
        """


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inline]:
    """A host whose functions want keys."""
    with running(an_app(tmp_path_factory.mktemp("app"), TestKeys.BODY), keys=KEYS) as host:
        yield host


@pytest.fixture(scope="module")
def evaluating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inline]:
    """A host whose function returns whatever the body says."""
    app = an_app(tmp_path_factory.mktemp("app"), returning("eval(req.get_body())"))
    with running(app) as host:
        yield host


class TestRouting:
    ECHO = """
        @app.route(route="{route}", methods=["GET"])
        def one(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse(repr(dict(req.route_params)))
        """

    def test_a_wrong_method_is_404_and_get_does_not_imply_head(self, tmp_path: Path) -> None:
        with running(an_app(tmp_path, self.ECHO.format(route="one"))) as host:
            answers = [
                ask(method, f"{host.url}/api/one").status_code
                for method in ("GET", "POST", "HEAD", "OPTIONS")
            ]

        assert answers == [200, 404, 404, 404]

    def test_a_function_without_methods_takes_every_method(self, tmp_path: Path) -> None:
        with running(an_app(tmp_path, returning("func.HttpResponse(req.method)"))) as host:
            methods = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
            said = [ask(method, f"{host.url}/api/one").text for method in methods]

        assert said == list(methods)

    def test_routes_are_tried_in_order_of_function_names(self, tmp_path: Path) -> None:
        body = """
            @app.route(route="jobs/latest")
            def latest_job(req: func.HttpRequest) -> func.HttpResponse:
                return func.HttpResponse("latest")

            @app.route(route="jobs/{id}")
            def Get_job(req: func.HttpRequest) -> func.HttpResponse:
                return func.HttpResponse("get " + req.route_params["id"])
            """

        assert the_answer(tmp_path, body, "/api/jobs/latest").text == "get latest"

    @pytest.mark.parametrize(
        ("route", "path", "values"),
        [
            pytest.param("jobs/{id}", "/API/Jobs/7/", {"id": "7"}, id="case and slash"),
            pytest.param("jobs/{id}", "/api/jobs/a%2Fb%20c", {"id": "a%2Fb c"}, id="escapes"),
            pytest.param("jobs/{id:int}", "/api/jobs/x", None, id="constraint"),
            pytest.param("jobs/{id:int}", "/api/jobs/12", {"id": "12"}, id="stays text"),
            pytest.param("jobs/{id:range(1,5)}", "/api/jobs/6", None, id="range"),
            pytest.param("jobs/{id:length(2)}", "/api/jobs/ab", {"id": "ab"}, id="length"),
            pytest.param("jobs/{id:guid}", "/api/jobs/ab", None, id="guid"),
            pytest.param("jobs/{id:regex(^a+$)}", "/api/jobs/aa", {"id": "aa"}, id="regex"),
            pytest.param("jobs/{id?}", "/api/jobs", {}, id="optional"),
            pytest.param("jobs/{id:int?}", "/api/jobs/3", {"id": "3"}, id="optional given"),
            pytest.param("jobs/{id=7}", "/api/jobs", {"id": "7"}, id="default"),
            pytest.param("jobs/{*rest}", "/api/jobs/a/b", {"rest": "a/b"}, id="catch-all"),
            pytest.param("jobs/{*rest}", "/api/jobs", {}, id="catch-all absent"),
            pytest.param("{a}.{b}", "/api/x.y.z", {"a": "x.y", "b": "z"}, id="two in one"),
            pytest.param("jobs/{id}", "/api/jobs", None, id="missing"),
            pytest.param("jobs/{id}", "/api/jobs//", None, id="empty"),
            pytest.param("one", "/api", None, id="the prefix alone"),
            pytest.param("one", "/api/", None, id="the prefix and a slash"),
        ],
    )
    def test_a_path_matches_as_aspnet_matches(
        self, route: str, path: str, values: dict[str, str] | None
    ) -> None:
        template = routing.parse(f"api/{route}")

        assert routing.match(template, path) == values

    def test_a_route_gives_its_values_to_the_function(self, tmp_path: Path) -> None:
        answer = the_answer(
            tmp_path, self.ECHO.replace("{route}", "jobs/{id:int}"), "/API/JOBS/7/?id=8"
        )

        assert answer.text == "{'id': '7'}"

    def test_the_prefix_may_be_empty(self, tmp_path: Path) -> None:
        app = an_app(tmp_path, returning("'here'"), extensions={"http": {"routePrefix": ""}})

        with running(app) as host:
            assert get(f"{host.url}/one").text == "here"

    def test_the_root_is_a_page_and_can_be_switched_off(self, tmp_path: Path) -> None:
        app = an_app(tmp_path, returning("'here'"))

        with running(app) as host:
            assert "running" in get(host.url).text
        with running(app, settings={"AzureWebJobsDisableHomepage": "true"}) as host:
            assert get(host.url).status_code == 204

    def test_requests_wait_until_the_app_is_loaded(self, tmp_path: Path) -> None:
        loaded = threading.Event()
        app = an_app(tmp_path, returning("'here'"))

        with running(app, prepare=after(loaded), wait=False) as host:
            threading.Timer(0.2, loaded.set).start()
            assert get(f"{host.url}/api/one").text == "here"

    def test_requests_that_wait_too_long_are_503(self, tmp_path: Path) -> None:
        loaded = threading.Event()
        app = an_app(tmp_path, returning("'here'"))

        with running(app, prepare=after(loaded), wait=False, patience=0.05) as host:
            try:
                answer = get(f"{host.url}/api/one")
            finally:
                loaded.set()

        assert (answer.status_code, answer.text) == (503, "Function host is not running.")


class TestKeys:
    BODY = """
        @app.route(auth_level="FUNCTION")
        def guarded(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse(req.params.get("code", "") + req.url)

        @app.route(auth_level="ADMIN")
        def inner(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse("in")

        @app.route()
        def outer(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse("in")
        """

    @pytest.mark.parametrize(
        ("path", "header", "status"),
        [
            pytest.param("guarded", None, 401, id="no key"),
            pytest.param("guarded?code=own-key", None, 200, id="own key in the query"),
            pytest.param("guarded", "own-key", 200, id="own key in the header"),
            pytest.param("guarded", "any-function", 200, id="host key"),
            pytest.param("guarded", MASTER, 200, id="master key"),
            pytest.param("guarded", "other-key", 401, id="another function's key"),
            pytest.param("guarded?code=own-key", "wrong", 401, id="header before query"),
            pytest.param("guarded?code=own-key", "", 401, id="empty header blocks the query"),
            pytest.param("inner", "own-key", 401, id="admin wants more than a function key"),
            pytest.param("inner", "any-function", 401, id="admin wants more than a host key"),
            pytest.param("inner", MASTER, 200, id="admin takes the master key"),
            pytest.param("outer", "wrong", 200, id="an anonymous function ignores keys"),
            pytest.param("missing", None, 404, id="404 comes before 401"),
        ],
    )
    def test_a_key_opens_what_it_opens_on_azure(
        self, locked: Inline, path: str, header: str | None, status: int
    ) -> None:
        headers = {} if header is None else {"x-functions-key": header}

        answer = get(f"{locked.url}/api/{path}", headers=headers)

        assert answer.status_code == status
        assert status == 200 or answer.content == b""

    def test_the_function_still_sees_the_key(self, locked: Inline) -> None:
        answer = get(f"{locked.url}/api/guarded?code=own-key")

        assert answer.text == f"own-key{locked.url}/api/guarded?code=own-key"

    def test_neither_keys_nor_queries_nor_bodies_are_logged(
        self, locked: Inline, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG", "local.host")

        ask("POST", f"{locked.url}/api/guarded?code=own-key&q=asked", content="a body")

        lines = [r.getMessage() for r in caplog.records if r.name.startswith("local.host")]
        assert any("guarded succeeded" in line for line in lines)
        assert not any(word in line for line in lines for word in ("own-key", "asked", "a body"))

    def test_a_disabled_function_is_404_but_not_for_the_master(self, tmp_path: Path) -> None:
        settings = {"AzureWebJobs.guarded.Disabled": "true"}

        with running(an_app(tmp_path, self.BODY), keys=KEYS, settings=settings) as host:
            answers = [
                get(f"{host.url}/api/guarded", headers={"x-functions-key": key}).status_code
                for key in ("wrong", "own-key", MASTER)
            ]

        assert answers == [401, 404, 200]


class TestRequest:
    BODY = """
        @app.route(route="one")
        def one(req: func.HttpRequest) -> func.HttpResponse:
            seen.append((req.method, req.url, dict(req.params), dict(req.headers), req.get_body()))
            return func.HttpResponse("")
        """

    @pytest.fixture
    def host(self, tmp_path: Path, notes: Notes) -> Iterator[Inline]:
        with running(an_app(tmp_path, self.BODY)) as host:
            yield host

    def test_empty_query_values_vanish_and_repeats_are_joined(
        self, host: Inline, notes: Notes
    ) -> None:
        get(f"{host.url}/api/one?a=&b=1&b=2&c&d=%20x")

        _, url, params, _, _ = notes.seen.next()
        assert params == {"b": "1,2", "d": " x"}
        assert url == f"{host.url}/api/one?a=&b=1&b=2&c&d=%20x"

    def test_header_names_are_lower_case_and_repeats_are_joined(
        self, host: Inline, notes: Notes
    ) -> None:
        get(f"{host.url}/api/one", headers=[("X-One", "a"), ("x-one", "b")])

        headers = notes.seen.next()[3]
        assert headers["x-one"] == "a,b"

    def test_a_body_arrives_as_bytes(self, host: Inline, notes: Notes) -> None:
        ask("PUT", f"{host.url}/api/one", content=b"\x00\xff")

        method, _, _, _, body = notes.seen.next()
        assert (method, body) == ("PUT", b"\x00\xff")

    def test_a_chunked_body_arrives_empty_with_a_loud_warning(
        self, host: Inline, notes: Notes, caplog: pytest.LogCaptureFixture
    ) -> None:
        ask("POST", f"{host.url}/api/one", content=iter([b"some", b"thing"]))

        assert notes.seen.next()[4] == b""
        assert "CHUNKED BODY DROPPED" in caplog.text

    def test_a_body_over_100_mb_is_413(self, host: Inline, notes: Notes) -> None:
        connection = http.client.HTTPConnection(urlsplit(host.url).netloc)
        connection.putrequest("POST", "/api/one")
        connection.putheader("Content-Length", "104857601")
        connection.endheaders()

        assert connection.getresponse().status == 413
        connection.close()

    def test_a_trace_keeps_its_id_and_gets_a_span_of_its_own(
        self, tmp_path: Path, notes: Notes
    ) -> None:
        body = """
            @app.route()
            def one(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
                trace = context.trace_context
                return func.HttpResponse(f"{trace.trace_parent} {trace.trace_state}")
            """
        trace = "0af7651916cd43dd8448eb211c80319c"
        sent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "a=b"}

        with running(an_app(tmp_path / "traced", body)) as host:
            parent, state = get(f"{host.url}/api/one", headers=sent).text.split()

        assert parent.split("-")[1] == trace
        assert parent.split("-")[2] != "b7ad6b7169203331"
        assert state == "a=b"


class TestResponse:
    @pytest.mark.parametrize(
        "expression",
        [
            pytest.param("1 / 0", id="exception"),
            pytest.param("None", id="None"),
            pytest.param("{'a': 1}", id="dict"),
            pytest.param("('a', 200)", id="tuple"),
            pytest.param("['a']", id="list"),
            pytest.param("func.HttpResponse('x', status_code=204)", id="a body on 204"),
            pytest.param("func.HttpResponse(status_code=1000)", id="no such status"),
            pytest.param("exit(3)", id="SystemExit"),
        ],
    )
    def test_what_cannot_be_answered_is_500_with_an_empty_body(
        self, evaluating: Inline, expression: str
    ) -> None:
        answer = ask("POST", f"{evaluating.url}/api/one", content=expression)

        assert (answer.status_code, answer.content) == (500, b"")

    def test_a_sync_wrapper_of_an_async_function_fails(self, tmp_path: Path) -> None:
        body = """
            import functools

            async def inner(req):
                return func.HttpResponse("in")

            @app.route()
            @functools.wraps(inner)
            def one(req):
                coroutine = inner(req)
                coroutine.close()
                return coroutine
            """

        assert the_answer(tmp_path, body, "/api/inner").status_code == 500

    def test_an_async_function_answers(self, tmp_path: Path) -> None:
        body = """
            @app.route()
            async def one(req: func.HttpRequest) -> func.HttpResponse:
                return func.HttpResponse("from the loop")
            """

        assert the_answer(tmp_path, body).text == "from the loop"

    @pytest.mark.parametrize(
        ("expression", "status", "kind", "text"),
        [
            pytest.param("'plain'", 200, "text/plain; charset=utf-8", "plain", id="text"),
            pytest.param(
                """'{"status": 418, "headers": {"x-a": "b"}, "body": "tea"}'""",
                *(418, "text/plain; charset=utf-8", "tea"),
                id="a description",
            ),
            pytest.param(
                """'{"a":1}'""",
                *(200, "application/json; charset=utf-8", '{\n  "a": 1\n}'),
                id="JSON is written again",
            ),
        ],
    )
    def test_a_returned_str_is_read_by_the_host(
        self, evaluating: Inline, expression: str, status: int, kind: str, text: str
    ) -> None:
        answer = ask("POST", f"{evaluating.url}/api/one", content=expression)

        assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
        assert answer.text == text

    def test_the_type_comes_from_headers_or_else_from_mimetype(self, evaluating: Inline) -> None:
        answers = [
            ask("POST", f"{evaluating.url}/api/one", content=f"func.HttpResponse('x'{options})")
            for options in (", mimetype='c/d', headers={'Content-Type': 'a/b'}", "")
        ]

        kinds = [answer.headers["content-type"] for answer in answers]
        assert kinds == ["a/b", "text/plain; charset=utf-8"]

    def test_repeated_response_headers_collapse_to_the_last_but_cookies_stay(
        self, tmp_path: Path
    ) -> None:
        body = """
            @app.route()
            def one(req: func.HttpRequest) -> func.HttpResponse:
                answer = func.HttpResponse("x")
                for name, value in (("X-A", "1"), ("X-A", "2"), ("Set-Cookie", "a=1; Secure"),
                                    ("Set-Cookie", "b=2; Path=/p")):
                    answer.headers.add(name, value)
                return answer
            """

        answer = the_answer(tmp_path, body)

        assert answer.headers.get_list("x-a") == ["2"]
        assert answer.headers.get_list("set-cookie") == ["a=1; path=/; secure", "b=2; path=/p"]
