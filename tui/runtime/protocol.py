"""What a backend offers. Names follow the Docker Engine API's operation ids; all options are keyword-only.

Every call is async, can be cancelled at any await, and raises only what `tui.runtime.errors` names. A stream is
an async context manager that yields an async iterator: *entered* means the engine accepted it, *left or
cancelled* means its socket is closed, and an end without the engine's terminator raises `StreamBroken`.

Operations that a backend cannot do raise `Unsupported` before any request; ask `capabilities` first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from tui.runtime.filters import Filters
from tui.runtime.models import (
    Capability,
    Container,
    ContainerDetail,
    DiskUsage,
    EngineInfo,
    EngineVersion,
    Event,
    ExecResult,
    Image,
    ImageDetail,
    ImageHistoryItem,
    ImageRemoval,
    LogLine,
    Processes,
    Progress,
    Stats,
)
from tui.runtime.options import WaitCondition
from tui.runtime.protocol_containers import ContainerExtraOps
from tui.runtime.protocol_networks import NetworkOps, VolumeOps


class LogStream(Protocol):
    """Log lines in order. Iterate line by line, or take what has arrived at once with `batch`."""

    # Python 3.11 does not let a protocol inherit from AsyncIterator, so its two methods are spelled out.
    def __aiter__(self) -> AsyncIterator[LogLine]:
        """Itself."""
        ...

    async def __anext__(self) -> LogLine:
        """The next line."""
        ...

    async def batch(self, limit: int = 5000) -> list[LogLine]:
        """All lines that have arrived, at least one, at most `limit`; an empty list at the end of the log.

        Raises:
            StreamBroken: when the connection ended without the engine's terminator.
        """
        ...


class ExecSession(Protocol):
    """An interactive process in a container, over a TTY: bytes both ways."""

    id: str

    async def read(self) -> bytes:
        """The next bytes of output; b"" once the process has ended. Never drops: not reading stops the engine."""
        ...

    async def write(self, data: bytes) -> None:
        """Send input; waits while the engine does not take it."""
        ...

    async def resize(self, width: int, height: int) -> None:
        """Tell the TTY its size in cells."""
        ...

    async def exit_code(self) -> int | None:
        """The exit code, or None while the process runs."""
        ...


class SystemOps(Protocol):
    """The engine itself."""

    @property
    def endpoint(self) -> str:
        """The URL this runtime talks to."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this engine can do. Known once connected."""
        ...

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were sent, by operation id (``container_list``, ``container_stats``...)."""
        ...

    @property
    def open_streams(self) -> Mapping[str, int]:
        """How many streams are open, by operation id."""
        ...

    async def ping(self) -> None:
        """Succeed when the engine answers."""
        ...

    async def version(self) -> EngineVersion:
        """The engine's version and API versions."""
        ...

    async def info(self) -> EngineInfo:
        """What the engine says of itself. Costly on Podman (a second): never on the start path."""
        ...

    async def disk_usage(self) -> DiskUsage:
        """Sizes and reclaimable bytes by kind. Costly on large engines."""
        ...

    async def close(self) -> None:
        """Close every connection and stream. Idempotent; later calls raise `Closed`."""
        ...


class EventOps(Protocol):
    """The event stream."""

    def events(
        self, *, since: datetime | None = None, until: datetime | None = None, filters: Filters | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Events as they happen, from `since` on. Ends at `until`; otherwise never, or with `StreamBroken`."""
        ...


class ContainerOps(Protocol):
    """Containers. `id` may be an id, a unique prefix of one, or a name, as the engine resolves it."""

    async def container_list(
        self,
        *,
        all: bool = False,
        size: bool = False,
        filters: Filters | None = None,
    ) -> list[Container]:
        """Containers, running ones only unless `all`. `size` makes the engine measure file systems (costly)."""
        ...

    async def container_inspect(self, id: str, *, size: bool = False) -> ContainerDetail:
        """Everything about one container."""
        ...

    async def container_start(self, id: str) -> None:
        """Start; a running container is success."""
        ...

    async def container_stop(
        self,
        id: str,
        *,
        signal: str | None = None,
        timeout: int | None = None,
    ) -> None:
        """Stop with `signal`, then kill after `timeout` seconds; a stopped container is success."""
        ...

    async def container_restart(
        self,
        id: str,
        *,
        signal: str | None = None,
        timeout: int | None = None,
    ) -> None:
        """Stop as `container_stop`, then start."""
        ...

    async def container_kill(self, id: str, *, signal: str = "SIGKILL") -> None:
        """Send a signal; `Conflict` when it does not run."""
        ...

    async def container_pause(self, id: str) -> None:
        """Freeze all processes; `Conflict` when it is paused or does not run."""
        ...

    async def container_unpause(self, id: str) -> None:
        """Thaw; `Conflict` when it is not paused."""
        ...

    async def container_rename(self, id: str, *, name: str) -> None:
        """Rename; `Conflict` when the name is taken."""
        ...

    async def container_remove(
        self,
        id: str,
        *,
        volumes: bool = False,
        force: bool = False,
    ) -> None:
        """Remove; `force` kills a running one, `volumes` removes its anonymous volumes. Missing: `NotFound`."""
        ...

    def container_logs(
        self,
        id: str,
        *,
        stdout: bool = True,
        stderr: bool = True,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        timestamps: bool = False,
        follow: bool = False,
        tail: int | None = 1000,
        tty: bool | None = None,
    ) -> AbstractAsyncContextManager[LogStream]:
        """The log, oldest first. `tail` None means all: costly, 32 ms of engine CPU per MB on dockerd 20.10.

        Args:
            id: Container id or name.
            stdout: Whether to include standard output.
            stderr: Whether to include standard error.
            since: Only lines from then on; a string is RFC 3339 with nanoseconds. Applied after `tail`.
            until: Only lines up to then.
            timestamps: Whether lines carry their time.
            follow: Whether to go on with new lines until the container stops.
            tail: How many of the last lines to begin with.
            tty: Whether the container has a TTY (its log is not framed then); None finds out (one inspect).
        """
        ...

    def container_exec(
        self,
        id: str,
        command: Sequence[str],
        *,
        user: str = "",
        working_dir: str = "",
        env: Mapping[str, str] | None = None,
        privileged: bool = False,
        size: tuple[int, int] | None = None,
    ) -> AbstractAsyncContextManager[ExecSession]:
        """An interactive process on a TTY of `size` (width, height) cells."""
        ...

    async def container_exec_run(
        self,
        id: str,
        command: Sequence[str],
        *,
        user: str = "",
        working_dir: str = "",
        env: Mapping[str, str] | None = None,
        limit: int = 1 << 20,
    ) -> ExecResult:
        """Run a command to its end, at most `limit` bytes of output kept per stream. Any exit code is an answer."""
        ...

    def container_stats(self, id: str) -> AbstractAsyncContextManager[AsyncIterator[Stats]]:
        """A sample a second until the container stops. The first may lack `cpu_percent` and rates."""
        ...

    async def container_top(self, id: str) -> Processes:
        """The processes, as the engine's ``ps`` prints them."""
        ...

    async def container_wait(
        self,
        id: str,
        *,
        condition: WaitCondition | str = WaitCondition.NOT_RUNNING,
    ) -> int:
        """Wait for ``not-running``, ``next-exit`` or ``removed``; the exit code."""
        ...


class ImageOps(Protocol):
    """Images."""

    async def image_list(
        self,
        *,
        all: bool = False,
        filters: Filters | None = None,
    ) -> list[Image]:
        """Images; with `all` the intermediate ones too."""
        ...

    async def image_inspect(self, id: str) -> ImageDetail:
        """Everything about one image."""
        ...

    async def image_history(self, id: str) -> list[ImageHistoryItem]:
        """How it was made, newest step first."""
        ...

    def image_pull(
        self, reference: str, *, platform: str = "", auth: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Progress]]:
        """Pull by reference (``nginx``, ``host:5000/app:1``, ``name@sha256:…``); no tag means ``latest``.

        An error inside the engine's stream is raised from the iterator. `auth` are the credentials (``username``,
        ``password``, or ``identitytoken``); None looks them up in docker's own configuration.
        """
        ...

    async def image_remove(
        self,
        id: str,
        *,
        force: bool = False,
        prune_parents: bool = True,
    ) -> ImageRemoval:
        """Untag, and delete what nothing names any more. In use: `Conflict` with the engine's reason."""
        ...


class Runtime(SystemOps, EventOps, ContainerOps, ContainerExtraOps, ImageOps, VolumeOps, NetworkOps, Protocol):
    """Everything. Compose, pods and Swarm get their own op sets beside these."""
