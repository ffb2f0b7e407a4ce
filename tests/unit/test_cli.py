"""From the command line to the application: what is parsed, what ends early and how, what the application is given."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tui
from tests.engines.fixture import Engine
from tui.cli import main as cli
from tui.cli.args import Arguments, parse
from tui.config.settings import Settings
from tui.runtime import endpoints
from tui.runtime.endpoints import Candidate, Discovery, Endpoint, ProbeResult

ENGINE = Endpoint("unix:///engine.sock", "/engine.sock", "DOCKER_HOST")


class Soon:
    """A list that is not there in time."""

    def containers(self, timeout: float) -> None:
        assert timeout < 1


SOON = Soon()


class Recorder:
    """Stands where the application is, and keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.prefetched: list[Endpoint] = []
        self.collecting: list[bool] = []
        self.outcome: Callable[[], int] = lambda: 0

    def run(
        self, *, settings: Settings, discovery: Discovery, prefetch: object | None, on_screen: object = None
    ) -> int:
        self.calls.append({"settings": settings, "discovery": discovery, "prefetch": prefetch})
        self.collecting.append(gc.isenabled())
        return self.outcome()

    def prefetch(self, endpoint: Endpoint) -> Soon:
        self.prefetched.append(endpoint)
        return SOON


def module(name: str, **content: object) -> types.ModuleType:
    result = types.ModuleType(name)
    for key, value in content.items():
        setattr(result, key, value)
    return result


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """The application and the prefetch replaced by recorders; every standard stream is a terminal."""
    recorder = Recorder()
    for name, fake in (
        ("tui.app", module("tui.app", run=recorder.run)),
        ("tui.runtime.registry", module("tui.runtime.registry", prefetch=recorder.prefetch)),
    ):
        parent, _, attribute = name.rpartition(".")
        monkeypatch.setitem(sys.modules, name, fake)
        monkeypatch.setattr(sys.modules[parent], attribute, fake, raising=False)
    monkeypatch.setattr(os, "isatty", lambda fd: True)
    return recorder


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Discovery:
    """An engine answers, wherever it is looked for."""
    discovery = Discovery(ENGINE, (ProbeResult(Candidate("DOCKER_HOST", "/engine.sock", ENGINE), True),))
    monkeypatch.setattr(endpoints, "discover", lambda host=None, context=None: discovery)
    return discovery


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """No engine answers at the only place that is tried."""
    path = str(tmp_path / "none.sock")
    monkeypatch.setenv("DOCKER_HOST", path)
    return path


# -- what is parsed --------------------------------------------------------------------------------------------------


def test_nothing_given_overrides_nothing() -> None:
    assert parse([]) == Arguments()


def test_everything_given() -> None:
    line = (
        "-H tcp://a:1 --demo=auto --demo-containers 500 --read-only --config f.toml --no-mouse --theme nord --filter x"
    )
    overrides = {
        "demo": "auto",
        "demo_containers": 500,
        "read_only": True,
        "mouse": False,
        "theme": "nord",
        "filter": "x",
    }
    assert parse(line.split()) == Arguments("tcp://a:1", None, Path("f.toml"), overrides)
    assert parse(["--context", "prod", "--demo"]) == Arguments(context="prod", overrides={"demo": "on"})


def test_every_override_is_a_setting() -> None:
    given = parse(["--demo", "--demo-containers", "5", "--read-only", "--no-mouse", "--theme", "a", "--filter", "b"])
    assert set(given.overrides) <= set(Settings.__slots__)


@pytest.mark.parametrize("line", ["--nonsense", "--demo=maybe", "--demo-containers many", "extra", "--read", "--host"])
def test_mistakes_are_usage_errors(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(line.split())
    assert ended.value.code == 2
    assert "usage: portside" in capsys.readouterr().err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"portside {tui.__version__}\n"
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for word in ("--read-only", "--demo-containers", "exit codes", "DOCKER_HOST", "examples"):
        assert word in shown


# -- what the application is given -----------------------------------------------------------------------------------


def test_the_engine_that_was_found_and_its_list(app: Recorder, found: Discovery) -> None:
    assert cli.main(["--read-only"]) == 0
    assert app.prefetched == [ENGINE]
    call = app.calls[0]
    assert (call["discovery"], call["prefetch"]) == (found, SOON)
    assert call["settings"].read_only


def test_no_engine_opens_the_application_too(app: Recorder, nowhere: str) -> None:
    assert cli.main([]) == 0
    discovery = app.calls[0]["discovery"]
    assert discovery.chosen is None
    assert discovery.tried[0].candidate.name == nowhere
    assert app.calls[0]["prefetch"] is None


def test_the_application_can_look_again_in_the_same_way(app: Recorder, tmp_path: Path) -> None:
    path = str(tmp_path / "later.sock")
    assert cli.main(["--host", path]) == 0
    discovery = app.calls[0]["discovery"]
    assert (discovery.host, discovery.context) == (path, None)


def test_the_demo_looks_for_no_engine(app: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "gopher://never looked at")
    assert cli.main(["--demo"]) == 0
    assert app.calls[0]["discovery"] == Discovery(None, ())
    assert app.calls[0]["settings"].demo == "on"


def test_demo_auto_looks_first(app: Recorder, found: Discovery) -> None:
    assert cli.main(["--demo=auto"]) == 0
    assert app.calls[0]["discovery"] is found


def test_the_applications_exit_code_is_ours(app: Recorder, found: Discovery) -> None:
    app.outcome = lambda: 1
    assert cli.main([]) == 1


@pytest.mark.parametrize("name", ["portside", "nord"])
def test_a_theme_that_exists(app: Recorder, found: Discovery, name: str) -> None:
    assert cli.main(["--theme", name]) == 0
    assert app.calls[0]["settings"].theme == name


def test_a_theme_that_does_not_exist(app: Recorder, found: Discovery, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--theme", "nonsense"]) == 2
    assert app.calls == []
    said = capsys.readouterr().err
    assert "there is no theme 'nonsense'" in said
    assert "portside" in said.splitlines()[1]


def test_nothing_is_collected_while_starting(app: Recorder, found: Discovery) -> None:
    assert gc.isenabled()
    cli.main([])
    assert app.collecting == [False]
    assert gc.isenabled()


def test_what_is_not_expected_is_raised(app: Recorder, found: Discovery) -> None:
    def fail() -> int:
        raise ZeroDivisionError

    app.outcome = fail
    with pytest.raises(ZeroDivisionError):
        cli.main([])
    assert gc.isenabled()


def test_an_interrupt_ends_without_a_traceback(
    app: Recorder, found: Discovery, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    app.outcome = interrupt
    monkeypatch.setattr(sys, "argv", ["portside"])
    with pytest.raises(SystemExit) as ended:
        cli.entry()
    assert ended.value.code == 130
    assert capsys.readouterr().err == ""


# -- what ends early -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--host gopher://a", ["'gopher' is not a scheme", "allowed are unix:///path"]),
        ("--host ssh://a", ["not supported yet", "forward the socket"]),
        ("--context nothing", ["there is no context 'nothing'", "contexts are: default"]),
        ("--host a:1 --context b", ["--host and --context exclude each other"]),
        ("--config /nonexistent.toml", ["/nonexistent.toml: there is no such file"]),
        ("--demo-containers 0", ["--demo-containers must be between 1 and 5000"]),
    ],
)
def test_usage_errors_never_open_the_application(
    app: Recorder, line: str, says: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(line.split()) == 2
    assert app.calls == []
    said = capsys.readouterr().err
    assert said.startswith("portside: ")
    for words in says:
        assert words in said


@pytest.mark.parametrize(("fd", "name"), [(0, "stdin"), (1, "stdout"), (2, "stderr")])
def test_without_a_terminal(
    app: Recorder,
    found: Discovery,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fd: int,
    name: str,
) -> None:
    monkeypatch.setattr(os, "isatty", lambda asked: asked != fd)
    assert cli.main([]) == 2
    assert app.calls == []
    assert capsys.readouterr().err == f"portside: Portside needs a terminal; this is none: {name}\n"


def test_without_a_terminal_and_without_an_engine(
    app: Recorder, nowhere: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "isatty", lambda fd: False)
    assert cli.main([]) == 3
    assert capsys.readouterr().err.splitlines()[:2] == [
        "portside: no container engine answers",
        f"  {nowhere} (DOCKER_HOST): there is no such socket",
    ]
    assert cli.main(["--demo=auto"]) == 2


def test_what_an_engine_says_reaches_the_terminal_as_text(
    app: Recorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "\x1b]0;title\x07")
    monkeypatch.setattr(os, "isatty", lambda fd: False)
    assert cli.main([]) == 3
    assert capsys.readouterr().err.replace("\n", "").isprintable()


def test_a_log_is_written_only_when_asked_for(
    app: Recorder, found: Discovery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setenv("PORTSIDE_LOG", str(tmp_path / "log"))

    def log() -> int:
        logging.getLogger("tui.test").debug("something happened")
        return 0

    app.outcome = log
    try:
        assert cli.main([]) == 0
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
    assert "DEBUG tui.test: something happened" in (tmp_path / "log").read_text()


def test_a_log_that_cannot_be_written(
    app: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setenv("PORTSIDE_LOG", str(tmp_path / "none" / "log"))
    assert cli.main([]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


# -- as a process ----------------------------------------------------------------------------------------------------


def start(*line: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui", *line],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_as_a_module() -> None:
    done = start("--version")
    assert (done.returncode, done.stdout) == (0, f"portside {tui.__version__}\n")


def test_no_engine_in_a_pipe(tmp_path: Path) -> None:
    done = start(DOCKER_HOST=str(tmp_path / "docker.sock"))
    assert done.returncode == 3
    assert "there is no such socket" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_in_a_pipe(docker_engine: Engine) -> None:
    done = start("--host", docker_engine.url)
    assert done.returncode == 2
    assert done.stderr == "portside: Portside needs a terminal; this is none: stdin, stdout, stderr\n"


def test_usage_errors_do_not_load_the_user_interface(tmp_path: Path) -> None:
    program = """
import sys
from tui.cli.main import main
code = main(["--host", "gopher://a"])
loaded = sorted({name.split(".")[0] for name in sys.modules} & {"textual", "rich", "aiodocker", "asyncio", "docker"})
print(code, *loaded)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "2\n"
