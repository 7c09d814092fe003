"""What `up` is asked, what it makes of a state folder, and what the host is given."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from local import up
from local.arguments import Unreadable, read
from local.clock import HeldClock
from local.environment import app_environment
from local.founding import Unusable, found, ports_of
from local.stack import FILE, github_app_key, issuer_key
from provisioning.settings import Settings


def test_nothing_but_the_command_is_needed():
    wanted = read(["up"])

    assert (wanted.state, wanted.port, wanted.held, wanted.start) == (None, None, None, None)


def test_every_argument_is_read(tmp_path):
    wanted = read(
        ["up", "--state", f"{tmp_path}/new", "--port=7071", "--clock", "held=2026-03-01"]
    )

    assert wanted.state == tmp_path / "new"
    assert (tmp_path / "new").is_dir()
    assert (wanted.port, wanted.held) == (7071, True)
    assert wanted.start == datetime(2026, 3, 1, tzinfo=UTC)


def test_port_0_picks_a_free_one():
    assert read(["up", "--port", "0"]).port is None


def test_a_held_clock_without_a_time_starts_at_the_real_one():
    start = read(["up", "--clock", "held"]).start

    assert start is not None
    assert abs(datetime.now(UTC) - start) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["down"],
        ["up", "--port", "80000"],
        ["up", "--port", "-1"],
        ["up", "--port", "web"],
        ["up", "--port"],
        ["up", "--port", "1", "--port", "2"],
        ["up", "--clock", "slow"],
        ["up", "--clock", "real=2026-03-01"],
        ["up", "--clock", "held="],
        ["up", "--clock", "held=yesterday"],
        ["up", "--clock", "held=0001-01-01T00:00:00+05:00"],
        ["up", "--clock", "held=9999-01-01"],
        ["up", "--state", "/proc/here"],
        ["up", "--state", "/dev/null"],
        ["up", "--state"],
        ["up", "now"],
        ["up", "--verbose"],
    ],
)
def test_what_cannot_be_done_is_refused(words):
    with pytest.raises(Unreadable):
        read(words)


def test_every_fault_is_named_at_once():
    words = ["up", "--port", "web", "--clock", "slow", "--state", "/dev/null", "--colour", "red"]

    with pytest.raises(Unreadable) as refusal:
        read(words)

    text = str(refusal.value)
    assert all(fault in text for fault in ("web", "slow", "/dev/null", "--colour"))


def test_bad_settings_end_with_2_and_usage(capfd):
    assert up.main(["up", "--port", "web"]) == 2

    said = capfd.readouterr()
    assert said.out == ""
    assert "--port" in said.err
    assert "usage:" in said.err


def test_a_second_start_finds_the_same_stack(tmp_path):
    first = found(tmp_path, port=None, held=True)
    keys = issuer_key(tmp_path).read_bytes(), github_app_key(tmp_path).read_bytes()

    again = found(tmp_path, port=None, held=None)

    assert again == first
    assert keys == (issuer_key(tmp_path).read_bytes(), github_app_key(tmp_path).read_bytes())
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert issuer_key(tmp_path).stat().st_mode & 0o777 == 0o600
    assert len(set(ports_of(first).values())) == 8


def test_only_port_and_clock_may_be_asked_anew(tmp_path):
    first = found(tmp_path, port=None, held=True)

    again = found(tmp_path, port=first.app_port + 1, held=False)

    assert (again.app_port, again.held) == (first.app_port + 1, False)
    assert again.webhook_secret == first.webhook_secret


@pytest.mark.parametrize("content", ["", "{", "[]", '{"held": true}'])
def test_a_state_folder_of_another_version_is_refused(tmp_path, content):
    (tmp_path / FILE).write_text(content)

    with pytest.raises(Unusable, match="--state"):
        found(tmp_path, port=None, held=None)


def test_a_kept_port_that_is_taken_is_named(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(up, "_PORTS_WITHIN", 0.1)
    stack = found(tmp_path, port=None, held=False)
    with socket.create_server(("127.0.0.1", stack.github_port)):
        status = up.main(["up", "--state", str(tmp_path)])

    assert status == 2
    assert f"{stack.github_port} (github)" in capfd.readouterr().err


def test_a_state_folder_in_use_is_refused(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(up, "_PREDECESSOR_WITHIN", 0.1)
    with up._alone(tmp_path):
        status = up.main(["up", "--state", str(tmp_path)])

    assert status == 2
    assert "another stack runs" in capfd.readouterr().err


# The clock's file stays open for as long as its process: that is this one here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_held_clock_resumes_at_the_later_of_saved_and_start(tmp_path):
    late, early = "2026-03-02T00:00:00+00:00", "2026-03-01T00:00:00+00:00"
    for start in (late, early):
        words = ["up", "--state", str(tmp_path), "--clock", f"held={start}"]
        up._founded(read(words), tmp_path)

    assert HeldClock(tmp_path / "clock").now() == datetime.fromisoformat(late)


def test_the_app_takes_the_settings_it_is_given(stack, state):
    environment = app_environment(stack, state, caller={})

    settings = Settings.from_env(environment)

    assert settings.preview_url == f"{stack.containers}/{{fqdn}}"
    assert settings.entra.issuer == f"{stack.issuer}/{stack.tenant}/v2.0"
    assert settings.actions.keys == f"{stack.issuer}/actions/.well-known/jwks"


def test_nothing_of_the_callers_cloud_reaches_the_host(stack, state):
    caller = {
        "PATH": "/bin",
        "AZURE_CLIENT_SECRET": "s",
        "GITHUB_TOKEN": "t",
        "HTTPS_PROXY": "http://proxy",
        "AZURE_TENANT_ID": "theirs",
    }

    environment = app_environment(stack, state, caller=caller)

    assert environment["PATH"] == "/bin"
    assert environment["AZURE_TENANT_ID"] == stack.tenant
    assert not {"AZURE_CLIENT_SECRET", "GITHUB_TOKEN", "HTTPS_PROXY"} & set(environment)
