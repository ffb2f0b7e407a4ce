"""Logs and stats of a container."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType

from tui.runtime.engine.base import EngineBase, Query, path_of
from tui.runtime.engine.decoded import DecodedStream
from tui.runtime.engine.dialect import Dialect
from tui.runtime.engine.faults import translate
from tui.runtime.engine.transport import Request, Stream
from tui.runtime.errors import ApiError, InvalidRequest, StreamBroken, Unsupported
from tui.runtime.models import ContainerDetail, LogLine, Stats
from tui.runtime.protocol import LogStream
from tui.runtime.wire.frames import Frame, FrameDecoder
from tui.runtime.wire.jsonlines import JsonMessages
from tui.runtime.wire.lines import LineAssembler
from tui.runtime.wire.values import expect_object

# The words of dockerd and of Podman for a log driver that keeps nothing.
_UNREADABLE = ("does not support reading", "logging driver", "log driver", "does not support read")


class ContainerStreams(EngineBase):
    """The streamed part of `tui.runtime.protocol.ContainerOps`, without exec."""

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
        """The log, oldest first."""
        with translate("container_logs", id, self._transport.endpoint):
            if not stdout and not stderr:
                raise InvalidRequest("neither stdout nor stderr was asked for")
            if tail is not None and tail < 0:
                raise InvalidRequest(f"a tail of {tail} lines")
            query: Query = {
                "stdout": stdout,
                "stderr": stderr,
                "since": None if since is None else self._dialect.log_since(since),
                "until": None if until is None else self._dialect.moment(until),
                "timestamps": timestamps,
                "follow": follow,
                "tail": "all" if tail is None else tail,
            }
        return _Logs(self, id, query, timestamps=timestamps, tty=tty)

    def container_stats(self, id: str) -> AbstractAsyncContextManager[AsyncIterator[Stats]]:
        """A sample a second until the container stops."""
        path, query = self._dialect.stats(path_of("container_stats", "containers", id), id)
        stream = self._stream("container_stats", path, query, target=id, version=self._dialect.native)
        return _Stats(self, stream, id, self._dialect)

    async def require_container(self, operation: str, id: str) -> None:
        """Raise `NotFound` when there is no such container."""
        request = Request(
            operation, "GET", path_of(operation, "containers", id, "/exists"), target=id, version=self._dialect.native
        )
        await self._transport.request(request)

    async def inspect_for_logs(self, id: str) -> ContainerDetail:
        """An inspect on behalf of a log: whether there is a TTY, which log driver."""
        answer = await self._get("container_inspect", path_of("container_logs", "containers", id, "/json"), target=id)
        with translate("container_logs", id, self._transport.endpoint):
            return self._dialect.container_detail(expect_object(answer), size=False)

    def open_log(self, id: str, query: Query) -> Stream:
        """The stream of a log, not yet entered."""
        return self._stream("container_logs", path_of("container_logs", "containers", id, "/logs"), query, target=id)


class _Logs:
    """The context manager of one log."""

    def __init__(self, owner: ContainerStreams, id: str, query: Query, *, timestamps: bool, tty: bool | None) -> None:
        self._owner = owner
        self._id = id
        self._query = query
        self._tty = tty
        self._frames = FrameDecoder()
        self._lines = LineAssembler(timestamps=timestamps)
        self._reader: DecodedStream[LogLine] | None = None
        self._driver = ""

    async def __aenter__(self) -> LogStream:
        if self._tty is None:
            detail = await self._owner.inspect_for_logs(self._id)
            self._tty, self._driver = detail.tty, detail.log_driver
        reader = DecodedStream(
            self._owner.open_log(self._id, self._query),
            self._decode_raw if self._tty else self._decode_framed,
            self._finish,
        )
        try:
            await reader.__aenter__()
        except ApiError as exc:
            if any(words in exc.detail for words in _UNREADABLE):
                driver = self._driver or (await self._owner.inspect_for_logs(self._id)).log_driver
                raise _unreadable(self._id, driver) from exc
            raise
        self._reader = reader
        return reader

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            await self._reader.__aexit__(kind, exc, trace)

    def _decode_framed(self, data: bytes) -> Iterable[LogLine]:
        frames = self._frames.feed(data)
        for position, (stream, payload) in enumerate(frames):
            if stream == "error":
                return self._until_error(frames[:position], payload)
        return self._lines.feed(frames)

    def _until_error(self, frames: list[Frame], payload: bytes) -> Iterator[LogLine]:
        """What came before the engine's own error, and then the error."""
        yield from self._lines.feed(frames)
        said = payload.decode("utf-8", "replace").strip()
        if any(words in said for words in _UNREADABLE):
            raise _unreadable(self._id, self._driver)
        raise StreamBroken(f"the engine could not go on reading the log: {said}")

    def _decode_raw(self, data: bytes) -> list[LogLine]:
        return self._lines.feed([("raw", data)])

    def _finish(self) -> list[LogLine]:
        self._frames.finish()
        return self._lines.finish()


class _Stats(DecodedStream[Stats]):
    """The samples of one container, which end with it: engines go on with empty ones."""

    def __init__(self, owner: ContainerStreams, stream: Stream, id: str, dialect: Dialect) -> None:
        super().__init__(stream, self._samples, self._nothing)
        self._owner = owner
        self._id = id
        self._ask_first = dialect.lists_stats_of_nothing
        self._messages = JsonMessages()
        self._decoder = dialect.samples(id)

    async def __aenter__(self) -> _Stats:
        if self._ask_first:
            await self._owner.require_container("container_stats", self._id)
        await super().__aenter__()
        return self

    def _samples(self, data: bytes) -> list[Stats]:
        samples: list[Stats] = []
        for raw in self._messages.feed(data):
            sample = self._decoder.decode(raw)
            if sample is None:
                self.end()
                break
            samples.append(sample)
        return samples

    def _nothing(self) -> list[Stats]:
        self._messages.finish()
        return []


def _unreadable(id: str, driver: str) -> Unsupported:
    return Unsupported(
        f"the log driver {driver or 'of this container'} keeps no log that can be read",
        operation="container_logs",
        target=id,
        hint="Logs can be read with the drivers json-file, local, journald and, in Podman, k8s-file.",
        capability="logs",
    )
