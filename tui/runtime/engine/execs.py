"""Processes in containers: an interactive one on a TTY, and one run to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any
from urllib.parse import quote

from tui.runtime.engine.base import EngineBase, path_of
from tui.runtime.engine.faults import translate
from tui.runtime.engine.transport import Request, Stream
from tui.runtime.errors import ApiError, InvalidRequest, ProtocolViolation, StreamBroken
from tui.runtime.models import ExecResult
from tui.runtime.protocol import ExecSession
from tui.runtime.wire.frames import FrameDecoder
from tui.runtime.wire.values import Raw, expect_object, flag, number, text

UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}
EXIT_WAIT = 2.0
"""Seconds until the engine must have noticed the end of a process whose output has ended; a few ms, mostly."""
EXIT_POLL = 0.02
"""Seconds between two looks; dockerd 20.10 needs one to three."""


# The engine holds back the first of its detach keys, ctrl-p by default, until the next key: "previous line" in a
# shell would come one key late. Detaching is the caller's business, so the engine gets keys that nobody types.
ENGINE_DETACH_KEYS = "ctrl-^,ctrl-_,ctrl-^,ctrl-_"


class Execs(EngineBase):
    """The exec part of `tui.runtime.protocol.ContainerOps`."""

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
        config = _config("container_exec", id, command, user, working_dir, env)
        if size is not None:
            check_size("exec_resize", id, *size)
        config |= {"AttachStdin": True, "Tty": True, "Privileged": privileged, "DetachKeys": ENGINE_DETACH_KEYS}
        return _Session(self, id, config, size)

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
        """Run a command to its end; what is above `limit` bytes of a stream is read and dropped."""
        config = _config("container_exec_run", id, command, user, working_dir, env)
        exec_id = await self.exec_create("container_exec_run", id, config)
        kept = {"stdout": bytearray(), "stderr": bytearray()}
        frames = FrameDecoder()
        async with self.exec_start("container_exec_run", id, exec_id, tty=False) as stream:
            while data := await stream.read():
                with translate("container_exec_run", id, self._transport.endpoint):
                    for name, payload in frames.feed(data):
                        if name == "error":
                            raise StreamBroken(payload.decode("utf-8", "replace").strip())
                        room = limit - len(kept[name])
                        if room > 0:
                            kept[name] += payload[:room]
        with translate("container_exec_run", id, self._transport.endpoint):
            frames.finish()
            code = await self.exec_exit_code(id, exec_id, wait=True)
            if code is None:
                # The upgraded connection has no terminator: a process that still runs tells that it broke.
                raise StreamBroken("the connection ended before the command did")
        return ExecResult(code, bytes(kept["stdout"]), bytes(kept["stderr"]))

    # --- for the session ------------------------------------------------------------------------------------

    async def exec_create(self, operation: str, id: str, config: Mapping[str, Any]) -> str:
        """Register the process with the engine; its id."""
        path = path_of(operation, "containers", id, "/exec")
        answer = await self._transport.json(Request("exec_create", "POST", path, body=dict(config), target=id))
        with translate(operation, id, self._transport.endpoint):
            exec_id = text(expect_object(answer), "Id")
            if not exec_id:
                raise ProtocolViolation("the engine gave the exec no id")
            return exec_id

    def exec_start(self, operation: str, id: str, exec_id: str, *, tty: bool) -> Stream:
        """Start it; the connection becomes its input and output."""
        request = Request(
            operation,
            "POST",
            f"/exec/{quote(exec_id, safe='')}/start",
            body={"Detach": False, "Tty": tty},
            headers=UPGRADE,
            target=id,
        )
        return self._transport.stream(request)

    async def exec_resize(self, id: str, exec_id: str, width: int, height: int) -> None:
        """Set the size of its TTY."""
        check_size("exec_resize", id, width, height)
        path = f"/exec/{quote(exec_id, safe='')}/resize"
        await self._post("exec_resize", path, {"h": height, "w": width}, target=id)

    async def exec_exit_code(self, id: str, exec_id: str, *, wait: bool) -> int | None:
        """The exit code; None while it runs. With `wait` the engine is given a moment to notice the end."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (EXIT_WAIT if wait else 0.0)
        while True:
            raw = await self._exec_inspect(id, exec_id)
            if not flag(raw, "Running") and raw.get("ExitCode") is not None:
                return number(raw, "ExitCode")
            if loop.time() >= deadline:
                return None
            await asyncio.sleep(EXIT_POLL)

    async def _exec_inspect(self, id: str, exec_id: str) -> Raw:
        answer = await self._get("exec_inspect", f"/exec/{quote(exec_id, safe='')}/json", target=id)
        with translate("exec_inspect", id, self._transport.endpoint):
            return expect_object(answer)


class _Session:
    """One interactive process: the context manager and the session in one."""

    def __init__(self, owner: Execs, id: str, config: Mapping[str, Any], size: tuple[int, int] | None) -> None:
        self._owner = owner
        self._container = id
        self._config = config
        self._size = size
        self._stream: Stream | None = None
        self._ended = False
        self.id = ""

    async def __aenter__(self) -> ExecSession:
        self.id = await self._owner.exec_create("container_exec", self._container, self._config)
        stream = self._owner.exec_start("container_exec", self._container, self.id, tty=True)
        await stream.__aenter__()
        self._stream = stream
        if self._size is not None:
            try:
                # The process can be over by now, or have failed to start: its output says which, and a size is
                # nothing to it any more. A missing engine or a time-out is no ApiError and is raised.
                with suppress(ApiError):
                    await self.resize(*self._size)
            except BaseException:
                await stream.__aexit__(None, None, None)
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.__aexit__(kind, exc, trace)

    async def read(self) -> bytes:
        data = await self._opened().read()
        self._ended = self._ended or not data
        return data

    async def write(self, data: bytes) -> None:
        if data:
            await self._opened().write(data)

    async def resize(self, width: int, height: int) -> None:
        await self._owner.exec_resize(self._container, self.id, width, height)

    async def exit_code(self) -> int | None:
        return await self._owner.exec_exit_code(self._container, self.id, wait=self._ended)

    def _opened(self) -> Stream:
        if self._stream is None:
            raise InvalidRequest("the session was not entered", operation="container_exec", target=self._container)
        return self._stream


def _config(
    operation: str, id: str, command: Sequence[str], user: str, working_dir: str, env: Mapping[str, str] | None
) -> dict[str, Any]:
    if isinstance(command, str) or not command or not command[0]:
        raise InvalidRequest(
            "an empty command" if not isinstance(command, str) else "a command is a list of words",
            operation=operation,
            target=id,
        )
    for name in env or ():
        if not name or "=" in name:
            raise InvalidRequest(f"not the name of a variable: {name!r}", operation=operation, target=id)
    config: dict[str, Any] = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(command)}
    if user:
        config["User"] = user
    if working_dir:
        config["WorkingDir"] = working_dir
    if env:
        config["Env"] = [f"{name}={value}" for name, value in env.items()]
    return config


def check_size(operation: str, id: str, width: int, height: int) -> None:
    """Check the size of a terminal, in cells.

    Raises:
        InvalidRequest: when it is none.
    """
    if not (0 < width <= 0xFFFF and 0 < height <= 0xFFFF):
        raise InvalidRequest(f"not the size of a terminal: {width} x {height}", operation=operation, target=id)
