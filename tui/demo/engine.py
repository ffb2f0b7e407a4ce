"""`DemoEngine`: a Docker engine without containers, for `--demo`, tests, screenshots and benchmarks."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, deque
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tui.demo.api_archive import ArchiveApi
from tui.demo.api_containers import ContainerApi
from tui.demo.api_exec import ExecApi
from tui.demo.api_images import ImageApi
from tui.demo.api_networks import NetworkApi, VolumeApi
from tui.demo.api_streams import StreamApi
from tui.demo.api_system import SystemApi
from tui.demo.clock import Clock, SystemClock
from tui.demo.faults import Faults
from tui.demo.seed import populate
from tui.demo.server import Routes, Server
from tui.demo.world import World


class Api(Protocol):
    """A part of the API."""

    def routes(self) -> Routes:
        """What it answers."""
        ...


class DemoEngine:
    """Serves the Docker Engine API (1.24 to 1.47) of an invented world on a unix socket, on the running event loop.

    Used as an async context manager, or with `start()` and `close()`. The world is there from the constructor on;
    `start()` fills it with its first containers and lets it live.

    Attributes:
        world: everything there is; tests add to it and change it.
        faults: what is to go wrong.
        clock: the world's time.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        containers: int = 30,
        clock: Clock | None = None,
        socket_path: Path | None = None,
        life: bool = True,
    ) -> None:
        """Build the world.

        Args:
            seed: the same seed, clock and requests give the same world, ids included.
            containers: how many there are at the beginning.
            clock: the time; a `FakeClock` makes everything stand still until the test moves it. Default: real time.
            socket_path: where to listen; default: in a private directory that is removed at the end.
            life: whether things happen by themselves: containers die and come back, health changes.
        """
        self._own_clock = clock is None
        self.clock: Clock = clock or SystemClock()
        self.world = World(self.clock, seed=seed)
        self.faults = Faults()
        self._exec = ExecApi(self.world)
        self._containers = containers
        self._life = life
        self._given_path = socket_path
        self._folder: Path | None = None
        self._server: Server | None = None
        self._populated = False

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def start(self) -> None:
        """Listen, and let the world live.

        Raises:
            OSError: the socket cannot be created.
        """
        if self._server is not None:
            return
        if not self._populated:
            self._populated = True
            populate(self.world, self._containers, life=self._life)
        path = self._given_path
        if path is None:
            self._folder = Path(tempfile.mkdtemp(prefix="portside-demo-"))  # mode 0700
            path = self._folder / "demo.sock"
        server = Server(path, self._routes(), self.faults)
        try:
            await server.listen()
        except OSError:
            self._remove_folder()
            raise
        self._server = server

    def _routes(self) -> Routes:
        world = self.world
        apis: tuple[Api, ...] = (
            SystemApi(world),
            ContainerApi(world),
            StreamApi(world),
            ImageApi(world),
            NetworkApi(world),
            VolumeApi(world),
            ArchiveApi(world),
            self._exec,
        )
        return [route for api in apis for route in api.routes()]

    async def close(self) -> None:
        """Close every connection, end every task and timer, remove the socket (and its directory, if it is ours)."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(unlink=True)
        await self._exec.close()
        self.world.close()
        if self._own_clock:
            self.clock.close()
        self._remove_folder()

    def _remove_folder(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder)

    async def crash(self) -> None:
        """Die as after SIGKILL: all connections are reset and the socket file is gone. The world goes on."""
        await self._running.stop(unlink=True)

    async def restart(self) -> None:
        """Come back after `crash()` or `refuse()`, with the same world and the same socket path."""
        await self._running.stop(unlink=True)
        await self._running.listen()

    async def refuse(self) -> None:
        """Refuse new connections (the socket file stays); those that are open live on."""
        await self._running.stop(unlink=False, abort=False)

    async def drop_connections(self) -> None:
        """Reset all open connections; new ones are welcome."""
        await self._running.drop_connections()

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the demo engine has not been started")
        return self._server

    @property
    def socket_path(self) -> Path:
        """Where it listens."""
        return self._running.path

    @property
    def url(self) -> str:
        """The endpoint, as for DOCKER_HOST: `unix:///...`."""
        return f"unix://{self.socket_path}"

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """How often each (method, path template) has been asked for, for example `("GET", "/containers/{id}/json")`."""
        return self._running.requests

    @property
    def request_log(self) -> deque[tuple[str, str]]:
        """The last 10,000 requests, oldest first: method and target with version and query."""
        return self._running.request_log

    @property
    def open_streams(self) -> Counter[str]:
        """Streams and hijacked connections that are open now, by path template."""
        return self._running.open_streams
