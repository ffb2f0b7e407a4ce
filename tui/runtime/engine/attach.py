"""Attached to a container's own process: its output and its input."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType

from tui.runtime.engine.base import path_of
from tui.runtime.engine.execs import ENGINE_DETACH_KEYS, UPGRADE, check_size
from tui.runtime.engine.faults import translate
from tui.runtime.engine.lookup import Lookup
from tui.runtime.engine.transport import Request, Stream
from tui.runtime.errors import Conflict, InvalidRequest, StreamBroken
from tui.runtime.models import ContainerDetail, ContainerState
from tui.runtime.protocol import ExecSession
from tui.runtime.wire.frames import FrameDecoder

_ENDED = (ContainerState.EXITED, ContainerState.DEAD, ContainerState.REMOVING)


class Attach(Lookup):
    """The part of `tui.runtime.protocol_containers.AttachOps` that is a session."""

    def container_attach(
        self, id: str, *, stdin: bool = True, logs: bool = False, size: tuple[int, int] | None = None
    ) -> AbstractAsyncContextManager[ExecSession]:
        """The container's own process: bytes both ways."""
        path = path_of("container_attach", "containers", id, "/attach")
        if size is not None:
            check_size("container_attach", id, *size)
        query = {
            "stream": True,
            "stdin": stdin,
            "stdout": True,
            "stderr": True,
            "logs": logs or None,
            "detachKeys": ENGINE_DETACH_KEYS,
        }
        request = Request("container_attach", "POST", path, query=query, headers=UPGRADE, target=id)
        return _Attached(self, id, request, size, stdin=stdin)

    def open_attach(self, request: Request) -> Stream:
        """The connection of a session, not yet entered."""
        return self._transport.stream(request)


class _Attached:
    """One attached client: the context manager and the session in one."""

    def __init__(self, owner: Attach, id: str, request: Request, size: tuple[int, int] | None, *, stdin: bool) -> None:
        self._owner = owner
        self._request = request
        self._size = size
        self._stdin = stdin
        self._stream: Stream | None = None
        self._frames: FrameDecoder | None = None
        self.id = id

    async def __aenter__(self) -> ExecSession:
        detail = await self._owner.container_inspect(self.id)
        if self._size is not None and not detail.tty:
            raise self._wrong("a container without a TTY has no size")
        if self._stdin and not detail.open_stdin:
            raise self._wrong("its input is not open", hint="Attach with stdin=False, or make it with stdin_open.")
        if detail.state in _ENDED:
            raise Conflict("the container does not run", operation="container_attach", target=self.id)
        self.id = detail.id
        self._frames = None if detail.tty else FrameDecoder()
        stream = self._owner.open_attach(self._request)
        await stream.__aenter__()
        try:
            if self._size is not None and detail.state is ContainerState.RUNNING:
                await self.resize(*self._size)
        except BaseException:
            await stream.__aexit__(None, None, None)
            raise
        self._stream = stream
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.__aexit__(kind, exc, trace)

    async def read(self) -> bytes:
        stream = self._opened()
        while data := await stream.read():
            if self._frames is None:
                return data
            with translate(stream.operation, stream.target, stream.endpoint):
                if output := _payload(self._frames, data):
                    return output
        if self._frames is not None:
            with translate(stream.operation, stream.target, stream.endpoint):
                self._frames.finish()
        return b""

    async def write(self, data: bytes) -> None:
        if not self._stdin:
            raise self._wrong("it was attached without input")
        if data:
            await self._opened().write(data)

    async def resize(self, width: int, height: int) -> None:
        await self._owner.container_resize(self.id, width=width, height=height)

    async def exit_code(self) -> int | None:
        detail: ContainerDetail = await self._owner.container_inspect(self.id)
        return detail.exit_code if detail.state in _ENDED else None

    def _opened(self) -> Stream:
        if self._stream is None:
            raise self._wrong("the session was not entered")
        return self._stream

    def _wrong(self, detail: str, *, hint: str = "") -> InvalidRequest:
        return InvalidRequest(detail, operation="container_attach", target=self.id, hint=hint)


def _payload(frames: FrameDecoder, data: bytes) -> bytes:
    """The output in a piece of a framed stream, of both streams in the order it was written."""
    output = bytearray()
    for name, payload in frames.feed(data):
        if name == "error":
            raise StreamBroken(payload.decode("utf-8", "replace").strip())
        output += payload
    return bytes(output)
