"""Containers beyond the everyday: made, run, changed, found, waited for, attached to, unpacked and packed.

See `tui.runtime.protocol` for what holds for every operation.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Not at run time: making the classes of these values takes 20 ms, and the start of an application needs none.
    from tui.runtime.container_config import ContainerConfig
    from tui.runtime.filters import Filters
    from tui.runtime.limits import Limits
    from tui.runtime.models import Container, ContainerId, ImageId, Stats
    from tui.runtime.models_results import Change, PathStat, PruneResult, RunResult
    from tui.runtime.options import RestartPolicy
    from tui.runtime.protocol import ExecSession


class ByteStream(Protocol):
    """Bytes as they come: iterate over the pieces, each of at least a byte."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Itself."""
        ...

    async def __anext__(self) -> bytes:
        """The next piece.

        Raises:
            StreamBroken: when the connection or the archive ended in the middle.
        """
        ...


class ArchiveStream(ByteStream, Protocol):
    """A tar archive as it comes, and what it is of."""

    stat: PathStat


class CreateOps(Protocol):
    """Makes containers, and changes what they are."""

    async def container_create(self, config: ContainerConfig, *, name: str | None = None) -> ContainerId:
        """Make a container, and do not start it. Without a name the engine invents one.

        Where an engine can join only one network at creation, the others are joined right after, and if that fails
        the container is removed again.

        Raises:
            Conflict: when the name is taken.
            NotFound: when there is no such image (nothing is pulled) or network. A container whose namespaces it is to
                share may be missing until the start.
            InvalidRequest: when the name is none, or the engine refuses an option.
        """
        ...

    async def container_run(self, config: ContainerConfig, *, name: str | None = None) -> ContainerId:
        """`container_create` and `container_start`; a container that does not start is removed again."""
        ...

    async def container_run_to_end(
        self,
        config: ContainerConfig,
        *,
        name: str | None = None,
        remove: bool = False,
        timeout: float | None = None,
        limit: int = 1 << 20,
    ) -> RunResult:
        """Make a container, start it, wait for its end. Any exit code is an answer, and comes with the output.

        Args:
            config: What to run; without `auto_remove` and restart policy, which leave no end to look at.
            name: Its name.
            remove: Whether to remove it and its anonymous volumes in the end, however that comes: with False it is
                still there, and runs on, when this call fails.
            timeout: Seconds it may run.
            limit: Bytes that are kept of each output stream.

        Raises:
            WaitTimeout: when it runs longer.
            InvalidRequest, NotFound, Conflict: as `container_create`.
        """
        ...

    async def container_update(
        self,
        id: str,
        *,
        limits: Limits | None = None,
        restart_policy: RestartPolicy | str | None = None,
        restart_retries: int = 0,
    ) -> tuple[str, ...]:
        """Change limits and the restart policy of a container, running or not; the engine's warnings.

        What is None stays as it is.

        Raises:
            InvalidRequest: when there is nothing to change, or a value makes no sense.
            Conflict: when the container's state or its other limits do not allow it.
        """
        ...

    async def container_commit(
        self,
        id: str,
        *,
        reference: str = "",
        comment: str = "",
        author: str = "",
        pause: bool = True,
        changes: Sequence[str] = (),
    ) -> ImageId:
        """Keep a container's file system as an image, without what is mounted.

        Args:
            id: Container id or name.
            reference: What to call the image; "" leaves it without a name.
            comment: For its history.
            author: Who made it.
            pause: Whether the container stands still meanwhile, so that its files fit together.
            changes: Dockerfile lines such as ``CMD ["run"]`` or ``ENV A=b``, for its configuration.
        """
        ...


class LookupOps(Protocol):
    """Finds containers, waits for them, clears them away."""

    async def container_exists(self, id: str) -> bool:
        """Whether there is such a container."""
        ...

    async def container_lookup(self, name: str) -> Container:
        """The one container that a name, an id, or the beginning of an id means, in this order.

        Raises:
            AmbiguousId: when several ids begin so, with the candidates.
            NotFound: when none does.
        """
        ...

    async def container_find_by_label(self, label: str, value: str | None = None) -> list[Container]:
        """All containers with a label (with this value, unless None), stopped ones included."""
        ...

    async def container_stop_and_remove(
        self, id: str, *, signal: str | None = None, timeout: int | None = None, volumes: bool = False
    ) -> None:
        """Stop as `container_stop`, then remove; `volumes` removes its anonymous volumes.

        One that is missing, or removes itself meanwhile, is success.
        """
        ...

    async def container_prune(self, *, filters: Filters | None = None) -> PruneResult:
        """Remove all containers that do not run; filters are ``label``, ``label!`` and ``until``."""
        ...

    async def container_changes(self, id: str) -> list[Change]:
        """What differs from the image, by path. Costly on some storage drivers: the engine compares both."""
        ...

    async def container_stats_once(self, id: str) -> Stats:
        """One sample with its CPU % (None where the engine does not compare two); takes the engine one to two seconds.

        Raises:
            Conflict: when the container does not run.
        """
        ...

    async def container_wait_stopped(self, id: str, *, timeout: float | None = None) -> int:
        """Wait until a container does not run; its exit code.

        Raises:
            WaitTimeout: when it still runs after `timeout` seconds.
        """
        ...

    async def container_wait_healthy(self, id: str, *, timeout: float | None = None) -> None:
        """Wait until a container's health check says that it is well.

        Raises:
            InvalidRequest: when it has no health check.
            Unhealthy: as soon as the check has failed as often as it may, with what it said; or when the container
                does not run (one that restarts is waited for).
            WaitTimeout: when it is not healthy after `timeout` seconds.
        """
        ...


class ArchiveOps(Protocol):
    """Files in and out of containers, running or not."""

    def container_archive_get(self, id: str, path: str) -> AbstractAsyncContextManager[ArchiveStream]:
        """A file or a directory as a tar archive, whose first entry is its name. `NotFound` when there is none."""
        ...

    async def container_archive_stat(self, id: str, path: str) -> PathStat:
        """What a path is; a symbolic link at its end is not followed. `NotFound` when there is none."""
        ...

    async def container_archive_put(
        self,
        id: str,
        path: str,
        archive: bytes | bytearray | memoryview | AsyncIterable[bytes],
        *,
        keep_kinds: bool = False,
        keep_owners: bool = False,
    ) -> None:
        """Unpack a tar archive (plain, gzip, bzip2, xz) in a directory of the container, which has to be there.

        Args:
            id: Container id or name.
            path: The directory.
            archive: The archive's bytes, or pieces of them as they come, read no faster than the engine takes them.
            keep_kinds: Whether to refuse to replace a directory by a file, or a file by a directory.
            keep_owners: Whether the archive's owners are kept, instead of root's.

        Raises:
            NotFound: when there is no such container or directory.
            InvalidRequest: when it is no archive, or the path no directory.
            Forbidden: when the container's file system is read-only.
        """
        ...

    def container_export(self, id: str) -> AbstractAsyncContextManager[ByteStream]:
        """The whole file system as a tar archive, without what is mounted."""
        ...


class AttachOps(Protocol):
    """The container's own process."""

    def container_attach(
        self, id: str, *, stdin: bool = True, logs: bool = False, size: tuple[int, int] | None = None
    ) -> AbstractAsyncContextManager[ExecSession]:
        """Attach to the container's own process, as a session whose id is the container's.

        Without a TTY, what it writes to both streams comes in the order it was written. Leaving detaches: the process
        goes on. A container that is only created can be attached to before it is started.

        Args:
            id: Container id or name.
            stdin: Whether to send input; the container has to have been made with its input open.
            logs: Whether what it has written so far comes first.
            size: The size of its TTY (width, height) in cells.

        Raises:
            InvalidRequest: for input or a size that the container has no use for.
            Conflict: when it has ended or is paused.
        """
        ...

    async def container_resize(self, id: str, *, width: int, height: int) -> None:
        """Tell the container's own TTY its size in cells; `Conflict` when it does not run."""
        ...


class ContainerExtraOps(CreateOps, LookupOps, ArchiveOps, AttachOps, Protocol):
    """All of them."""
