"""A private, real engine as the tests see it: start, break, fill and ask it. Synchronous; in async tests use a thread.

Everything goes through ``engines.sh`` beside this file, in a directory of this process's own, so no test can reach
the engine, the images or the configuration of whoever runs the tests.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

SCRIPT = Path(__file__).with_name("engines.sh")
# Unix socket names end at 108 bytes and dockerd's containerd adds 45 of its own: pytest's tmp_path is too long.
ROOT = Path("/tmp")
PREFIX = "ps-"
REQUIRE = "PORTSIDE_REQUIRE_ENGINES"
API = "/v1.41"


class EngineError(RuntimeError):
    """The engine script failed, or the engine refused a request of the test's own."""


def unavailable(*engines: str) -> str:
    """Why these engines cannot be started here, or "" when they can."""
    if not sys.platform.startswith("linux"):
        return f"private engines need Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "private engines need root"
    done = subprocess.run([SCRIPT, "missing", *engines], capture_output=True, text=True, check=False, env=_env())
    if done.returncode:
        commands = ", ".join(line.partition("=")[0] for line in done.stdout.split())
        return f"missing: {commands} (tests/engines/engines.sh install {' '.join(engines)})"
    return ""


def required(engine: str) -> bool:
    """Whether the environment says that tests of this engine fail rather than skip."""
    return engine.partition("@")[0] in os.environ.get(REQUIRE, "").replace(",", " ").split()


def need(*engines: str) -> None:
    """Skip the test when these engines cannot be started; fail it when the environment requires one of them."""
    reason = unavailable(*engines)
    if not reason:
        return
    for engine in filter(required, engines):
        pytest.fail(f"{REQUIRE} asks for {engine}, and there is none: {reason}", pytrace=False)
    pytest.skip(reason)


def _env() -> dict[str, str]:
    return {**os.environ, "PORTSIDE_ENGINES_PYTHON": sys.executable}


class UnixConnection(http.client.HTTPConnection):
    """`http.client` over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(os.fspath(self._path))
        except OSError:
            self.sock.close()
            raise


@dataclass(frozen=True)
class Registry:
    """A private image registry, three times: ``host:port`` without a login, with one, and on a 4 MB/s line.

    All three show the same repositories: ``portside/busybox:1``, ``portside/medium:1`` (4 MB), ``portside/big:1``
    (68 MB in six layers) and the other test images. Reachable from the engine under the same addresses.
    """

    open: str
    auth: str
    slow: str
    user: str
    password: str


# What an engine brings along, and `clean` leaves alone.
OWN_NETWORKS = frozenset({"bridge", "host", "none", "podman"})


class Engine:
    """One private engine with the test images loaded, in a directory of its own.

    Args:
        tag: Tells several engines of one process apart; short, it becomes part of a socket's name.
        name: Which one, in the words of ``engines.sh``: ``docker``, ``podman``.
    """

    def __init__(self, tag: str, name: str = "docker") -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.name = name
        self.dir = ROOT / f"{PREFIX}{os.getpid()}-{worker}{tag}"
        self.socket = self.dir / name / f"{name.partition('@')[0]}.sock"
        self.url = f"unix://{self.socket}"
        self._lock: int | None = None
        self._images: dict[str, frozenset[str]] = {}
        self._registry: Registry | None = None

    # -- its life ------------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Start it for the first time and load the images."""
        sweep()
        # Held while this process lives: `sweep` takes a directory without a holder for the left-over of a killed run.
        self._lock = os.open(self.dir.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.script("up", self.name)
        self.script("images", self.name)
        self._images = self._image_tags()

    def registry(self) -> Registry:
        """The registry beside it, with the test images and reachable from the engine; started when first asked for."""
        if self._registry is not None:
            return self._registry
        self.script("up", "registry")
        self.script("images", "registry")
        ports = {
            kind: (self.dir / "registry" / f"{kind}.port").read_text().strip() for kind in ("open", "auth", "slow")
        }
        address = {kind: f"127.0.0.1:{port}" for kind, port in ports.items()}
        self._registry = Registry(**address, user="portside", password="portside-secret")
        return self._registry

    def down(self) -> None:
        """Kill everything and remove the directory. Idempotent."""
        self.script("down")
        if self._lock is not None:
            self.dir.with_suffix(".lock").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def pid(self) -> int | None:
        """The daemon's process id, None while it does not run."""
        try:
            pid = int((self.dir / self.name / "daemon.pid").read_text())
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if state in "ZX" else pid

    def kill(self) -> None:
        """SIGKILL the daemon; its containers live on until `start`, which stops them as upstream does."""
        self.script("kill", self.name)

    def start(self) -> None:
        """Start the daemon again and wait until it answers."""
        self.script("start", self.name)

    def stop(self) -> None:
        """Stop the daemon as an init system would; its containers stop too."""
        self.script("stop", self.name)

    def restart(self) -> None:
        """`stop`, then `start`."""
        self.script("restart", self.name)

    def freeze(self) -> None:
        """SIGSTOP: the socket still accepts, and nothing answers."""
        os.kill(self._running(), signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self._running(), signal.SIGCONT)

    # -- what is in it -------------------------------------------------------------------------------------------

    def populate(self, count: int, *, net: str = "mix", start: int = 100, jobs: int = 4) -> None:
        """Create containers of many kinds until there are `count` of them, with networks and volumes.

        Args:
            count: How many in all. About 0.15 s each when started, a tenth of it when not.
            net: ``bridge``, ``none`` or ``mix`` for the plain ones; ``none`` is fastest.
            start: Per cent of the plain ones to start; the others stay in state created.
            jobs: Requests at a time.
        """
        options = ("--net", net, "--start", str(start), "--jobs", str(jobs))
        self.script("populate", self.name, str(count), *options)

    def unpopulate(self) -> None:
        """Remove what `populate` made."""
        self.script("unpopulate", self.name)

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command in the engine's network and mount namespaces; its standard output.

        Published ports are reachable there, ``curl http://127.0.0.1:8080/``, and not from outside.
        """
        return self.script("run", self.name, *command, check=check)

    def create(self, image: str, *command: str, name: str = "", start: bool = True, **config: Any) -> str:
        """Create a container and start it; its id.

        Args:
            image: One of the test images, ``logger:1`` for ``portside/logger:1``; or a full reference.
            command: The command line; none means the image's own.
            name: The container's name; none means the engine chooses.
            start: Whether to start it.
            config: More of the Engine API's create body (``Env``, ``Labels``, ``HostConfig``, ``Tty``...).
        """
        body = {"Image": image if "/" in image else f"portside/{image}", **config}
        if command:
            body["Cmd"] = list(command)
        path = f"/containers/create?{urlencode({'name': name})}" if name else "/containers/create"
        id = str(self.api("POST", path, body)["Id"])
        if start:
            self.api("POST", f"/containers/{id}/start")
        return id

    def api(self, method: str, path: str, body: object = None, *, timeout: float = 60) -> Any:
        """Ask the engine, outside of everything under test.

        Args:
            method: GET, POST, DELETE...
            path: Path and query without the API version, which is added.
            body: Sent as JSON when not None.
            timeout: Seconds to wait.

        Returns:
            None for an empty answer, the decoded JSON, a list of the messages of a stream (a pull), or the text.

        Raises:
            EngineError: when the status is 400 or more, with the engine's words.
        """
        connection = UnixConnection(self.socket, timeout)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"{API}{path}", data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise EngineError(f"{method} {path}: {answer.status} {text.decode(errors='replace').strip()}")
        if not text.strip():
            return None
        if answer.headers.get_content_type() != "application/json":
            return text.decode(errors="replace")
        messages = [json.loads(line) for line in text.splitlines() if line.strip()]
        return messages[0] if len(messages) == 1 else messages

    def clean(self) -> None:
        """Put it back as `up` left it: running, with the test images, without any container, network or volume."""
        if self.pid() is None:
            self.start()
        self.thaw()
        for container in self.api("GET", "/containers/json?all=1"):
            self._delete(f"/containers/{container['Id']}?force=1&v=1")
        for network in self.api("GET", "/networks"):
            if network["Name"] not in OWN_NETWORKS:
                self._delete(f"/networks/{network['Id']}")
        for volume in self.api("GET", "/volumes")["Volumes"] or ():
            self._delete(f"/volumes/{volume['Name']}?force=1")
        self._restore_images()

    # -- how it is done ------------------------------------------------------------------------------------------

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the daemon's log."""
        log = self.dir / self.name / "daemon.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def script(self, *arguments: str, check: bool = True) -> str:
        """Run ``engines.sh`` in this engine's directory; its standard output.

        Raises:
            EngineError: when it fails, with what it said and the end of the daemon's log.
        """
        command = [os.fspath(SCRIPT), "--dir", os.fspath(self.dir), *arguments]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_env()
        )
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise EngineError(f"engines.sh {' '.join(arguments)} failed: {said}\n{self.log_tail()}")
        return done.stdout

    def _running(self) -> int:
        pid = self.pid()
        if pid is None:
            raise EngineError(f"{self.name} does not run: {self.log_tail(5)}")
        return pid

    def _delete(self, path: str) -> None:
        try:
            self.api("DELETE", path)
        except EngineError as fault:
            # Removed meanwhile (a container with --rm), or its removal is under way.
            if ": 404 " not in str(fault) and "already in progress" not in str(fault):
                raise

    def _image_tags(self) -> dict[str, frozenset[str]]:
        return {image["Id"]: frozenset(image["RepoTags"] or ()) for image in self.api("GET", "/images/json")}

    def _restore_images(self) -> None:
        now = self._image_tags()
        if now == self._images:
            return
        for id, tags in now.items():
            kept = self._images.get(id)
            for tag in tags - (kept or frozenset()):
                self._delete(f"/images/{tag}?force=1")
            if kept is None:
                self._delete(f"/images/{id}?force=1")
        if any(tags - now.get(id, frozenset()) or id not in now for id, tags in self._images.items()):
            self.script("images", self.name)


def sweep() -> None:
    """Take down the engines of test runs that were killed before they could."""
    for lock in ROOT.glob(f"{PREFIX}*.lock"):
        try:
            handle = os.open(lock, os.O_RDWR)
        except FileNotFoundError:
            continue  # its owner has just gone
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its owner lives
        else:
            directory = os.fspath(lock.with_suffix(""))
            subprocess.run([SCRIPT, "--dir", directory, "down"], capture_output=True, check=True, env=_env())
            lock.unlink(missing_ok=True)
        finally:
            os.close(handle)
