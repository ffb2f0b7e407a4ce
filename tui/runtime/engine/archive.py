"""Files of a container, in and out as tar archives, and its whole file system.

The class of `PathStat` is imported where it is used, as in `tui.runtime.engine.volumes`.
"""

from __future__ import annotations

import base64
import json
from types import TracebackType
from typing import TYPE_CHECKING

from tui.runtime.engine.base import EngineBase, path_of
from tui.runtime.engine.faults import translate
from tui.runtime.engine.refusals import by_words
from tui.runtime.engine.transport import Request, Stream
from tui.runtime.engine.upload import Body, upload
from tui.runtime.errors import InvalidRequest, ProtocolViolation, StreamBroken
from tui.runtime.wire.times import parse_time
from tui.runtime.wire.values import Raw, expect_object, number, text

if TYPE_CHECKING:
    from tui.runtime.models_results import PathStat

HEAD_TIMEOUT = 60.0
"""Seconds: the engine mounts a stopped container's file system first."""
UNPACK_TIMEOUT = 600.0
"""Seconds after the last byte: the engine unpacks while it reads, and a slow disk is behind."""
# Go's os.FileMode: its type bits are not the kernel's.
_GO_DIR, _GO_LINK = 1 << 31, 1 << 27
_GO_SPECIAL = ((1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000))
_BLOCK = 512


class Archives(EngineBase):
    """The part of `tui.runtime.protocol_containers.ArchiveOps` that moves files."""

    def container_archive_get(self, id: str, path: str) -> ArchiveStream:
        """A file or a directory as a tar archive."""
        return ArchiveStream(self._open_archive("container_archive_get", id, path))

    async def container_archive_stat(self, id: str, path: str) -> PathStat:
        """What a path is."""
        # Not by HEAD: an answer to that tells no reason. The engine stops packing as soon as the socket is closed.
        async with self._open_archive("container_archive_stat", id, path) as stream:
            return stat_of(stream)

    async def container_archive_put(
        self, id: str, path: str, archive: Body, *, keep_kinds: bool = False, keep_owners: bool = False
    ) -> None:
        """Unpack a tar archive in a directory of the container."""
        operation = "container_archive_put"
        query = {"path": _checked(operation, id, path), "noOverwriteDirNonDir": keep_kinds or None,
                 "copyUIDGID": keep_owners or None}  # fmt: skip
        request = Request(operation, "PUT", path_of(operation, "containers", id, "/archive"), query=query, target=id)
        with by_words(operation, id):
            await upload(self._transport, request, archive, kind="application/x-tar", timeout=UNPACK_TIMEOUT)

    def container_export(self, id: str) -> ByteStream:
        """The whole file system as a tar archive, without what is mounted."""
        path = path_of("container_export", "containers", id, "/export")
        return ByteStream(self._stream("container_export", path, target=id, head_timeout=HEAD_TIMEOUT), tar=True)

    def _open_archive(self, operation: str, id: str, path: str) -> Stream:
        return self._stream(
            operation,
            path_of(operation, "containers", id, "/archive"),
            {"path": _checked(operation, id, path)},
            target=id,
            head_timeout=HEAD_TIMEOUT,
        )


class ByteStream:
    """Async context manager and async iterator over the bytes of an answer, as they come."""

    def __init__(self, stream: Stream, *, tar: bool = False) -> None:
        """Read `stream`, which is not entered yet; with `tar`, its end has to be an archive's."""
        self._stream = stream
        self._tar = tar
        self._last = b""
        self._over = False

    async def __aenter__(self) -> ByteStream:
        """Open it: the engine has accepted it then."""
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._stream.__aexit__(kind, exc, trace)

    def __aiter__(self) -> ByteStream:
        """Itself."""
        return self

    async def __anext__(self) -> bytes:
        """The next bytes, at least one."""
        if self._over:
            raise StopAsyncIteration
        data = await self._stream.read()
        if data:
            self._last = data[-_BLOCK:] if len(data) >= _BLOCK else (self._last + data)[-_BLOCK:]
            return data
        self._over = True
        # Engines can only end the answer when packing fails in the middle: a whole archive ends with zeros.
        if self._tar and (len(self._last) < _BLOCK or any(self._last)):
            raise StreamBroken(
                "the engine ended the archive in the middle", operation=self._stream.operation,
                target=self._stream.target,
            )  # fmt: skip
        raise StopAsyncIteration


class ArchiveStream(ByteStream):
    """The bytes of an archive, and what it is of.

    Attributes:
        stat: What the path is, once entered.
    """

    stat: PathStat

    def __init__(self, stream: Stream) -> None:
        """Read `stream`, which is not entered yet."""
        super().__init__(stream, tar=True)

    async def __aenter__(self) -> ArchiveStream:
        """Open it, and read what the engine says of the path."""
        await super().__aenter__()
        try:
            self.stat = stat_of(self._stream)
        except BaseException:
            await self._stream.__aexit__(None, None, None)
            raise
        return self


def stat_of(stream: Stream) -> PathStat:
    """What an archive's head says of its path.

    Raises:
        ProtocolViolation: when it says nothing that can be read.
    """
    with translate(stream.operation, stream.target, stream.endpoint):
        said = stream.headers.get("x-docker-container-path-stat", "")
        if not said:
            raise ProtocolViolation("the engine did not tell what the path is")
        return _path_stat(expect_object(json.loads(base64.b64decode(said))))


def _path_stat(raw: Raw) -> PathStat:
    from tui.runtime.models_results import PathStat

    mode = number(raw, "mode")
    bits = mode & 0o777
    for go, kernel in _GO_SPECIAL:
        bits |= kernel if mode & go else 0
    return PathStat(
        name=text(raw, "name"),
        size=number(raw, "size"),
        mode=bits,
        is_dir=bool(mode & _GO_DIR),
        modified=parse_time(raw.get("mtime")),
        # Podman names a target for whatever is no link too: itself.
        link_target=text(raw, "linkTarget") if mode & _GO_LINK else "",
    )


def _checked(operation: str, id: str, path: str) -> str:
    if not path.strip():
        raise InvalidRequest("an empty path", operation=operation, target=id)
    return path
