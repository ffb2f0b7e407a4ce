"""A shell in a container: the real terminal is handed to it, and taken back clean.

No terminal is emulated in between (that costs a second of CPU per MB of output): while the shell runs, bytes go
from the keyboard to the engine and from the engine to the terminal, and the dashboard is suspended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import App

from tui.actions import RowKey
from tui.runtime.errors import ApiError, NotFound, RuntimeFault
from tui.store.fleet import Fleet
from widgets.text import sanitise

if TYPE_CHECKING:
    from tui.runtime.protocol import ExecSession

DETACH = b"\x10\x11"
"""ctrl-p ctrl-q. Found here and not by the engine: Podman's does not look for it."""

# A lone ctrl-p is held back in case ctrl-q follows, but only this long: it is also "previous line" in a shell.
HOLD_SECONDS = 0.4
# How long a shell may take to show a first sign of life before the terminal is handed over all the same.
FIRST_OUTPUT_SECONDS = 1.0

# Tried in turn, each as it is: a script that looks for bash would need sh, and an image can have bash alone. A miss
# costs about 100 ms.
SHELLS: tuple[tuple[str, ...], ...] = (("bash",), ("sh",))

# What programs in the container may have left switched on: scroll region (saved around: resetting it moves the cursor),
# colours, charset, keypad, insert mode, wrap, cursor, mouse, focus events, bracketed paste. Not origin mode: its reset
# moves the cursor home, over what the shell has printed.
RESET = (
    "\x1b7\x1b[r\x1b8\x1b[0m\x1b(B\x0f\x1b[?1l\x1b>\x1b[4l\x1b[?7h\x1b[?25h"
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l"
)
_ALT_ON, _ALT_OFF = b"\x1b[?1049h", b"\x1b[?1049l"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a shell ended.

    Attributes:
        exit_code: Of the process, None when it was detached from or lost.
        detached: Whether the user detached and the process lives on.
        fault: What broke the connection, if something did.
    """

    exit_code: int | None = None
    detached: bool = False
    fault: RuntimeFault | None = None


class NoShell(RuntimeFault):
    """The container has no shell to run."""


def terminal_size() -> tuple[int, int]:
    """Width and height of the terminal in cells; 80x24 where nobody knows."""
    for stream in (sys.__stderr__, sys.__stdout__, sys.__stdin__):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                size = os.get_terminal_size(stream.fileno())
                return size.columns, size.lines
    return 80, 24


@dataclass(slots=True)
class Opened:
    """A process that runs, with what it has said so far."""

    session: ExecSession
    pending: asyncio.Task[bytes]
    command: Sequence[str]


def _cannot_run(exit_code: int | None, output: bytes) -> bool:
    """Whether the runtime failed to start the command: 126 and 127 with the OCI runtime's own words."""
    return exit_code in (126, 127) and (b"OCI runtime" in output or b"executable file not found" in output)


@contextlib.asynccontextmanager
async def open_shell(fleet: Fleet, key: RowKey, name: str) -> AsyncIterator[Opened]:
    """Start bash, else sh, in a container.

    Raises:
        NoShell: when the container has neither.
        RuntimeFault: when the engine refuses.
    """
    said = ""
    for command in SHELLS:
        async with contextlib.AsyncExitStack() as stack:
            try:
                session = await stack.enter_async_context(
                    fleet.exec(
                        key, command, size=terminal_size(), env={"TERM": os.environ.get("TERM", "xterm-256color")}
                    )
                )
            except NotFound:
                raise
            except ApiError as error:
                if "executable file not found" not in error.detail and "no such file" not in error.detail:
                    raise
                said = error.detail
                continue
            pending = asyncio.create_task(session.read(), name="exec-first-output")
            stack.push_async_callback(_cancel, pending)
            await asyncio.wait([pending], timeout=FIRST_OUTPUT_SECONDS)
            output = pending.result() if pending.done() else b""
            if b"OCI runtime" in output or (pending.done() and not output):
                code = await session.exit_code()
                if _cannot_run(code, output) or (code in (126, 127) and not output):
                    said = output.decode(errors="replace").strip() or f"exit code {code}"
                    continue
            yield Opened(session, pending, command)
            return
    raise NoShell(
        f"neither bash nor sh can be run in it ({said})",
        operation="container_exec",
        target=name,
        hint="Images built from scratch have no shell. Copy files out, or debug from a container that joins its "
        f"namespaces: docker run -it --pid container:{name} --network container:{name} busybox",
    )


async def _cancel(task: asyncio.Task[bytes]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, RuntimeFault):
        await task


async def hand_over(app: App[int], opened: Opened, name: str, typed: str = "") -> Ended:
    """Suspend the dashboard, connect terminal and process until it ends or is detached from, and come back.

    `typed` is what was typed for the process before it was there.
    """
    # Without batch_update() a refresh while suspended fills the queue of the stopped writer thread (30 entries)
    # and blocks the event loop.
    with app.batch_update(), app.suspend():
        return await Terminal().connect(opened, name, typed.encode())


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Terminal:
    """The terminal of this process, in raw mode while a process in a container has it."""

    def __init__(self) -> None:
        """Take keyboard and screen from where the dashboard takes them: stdin and stderr."""
        assert sys.__stdin__ is not None
        assert sys.__stderr__ is not None
        self._in = sys.__stdin__.fileno()
        self._out = sys.__stderr__.fileno()
        self._alternate = False

    async def connect(self, opened: Opened, name: str, typed: bytes = b"") -> Ended:
        """Pass bytes both ways until one side ends."""
        loop = asyncio.get_running_loop()
        session = opened.session
        before = termios.tcgetattr(self._in)
        resized = asyncio.Event()
        resized.set()
        ended = Ended()
        title = f"\r\n[portside] {' '.join(opened.command[:1])} in {sanitise(name)} - ctrl-p ctrl-q detaches\r\n"
        try:
            tty.setraw(self._in)
            loop.add_signal_handler(signal.SIGWINCH, resized.set)
            await self._write(title.encode())
            tasks = {
                asyncio.create_task(self._output(opened), name="exec-output"): "output",
                asyncio.create_task(self._input(session, typed), name="exec-input"): "input",
                asyncio.create_task(self._sizes(session, resized), name="exec-resize"): "resize",
            }
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                detached = all(tasks[task] != "output" for task in done)
                code = None if detached else await session.exit_code()
                ended = Ended(exit_code=code, detached=detached)
            except RuntimeFault as fault:
                ended = Ended(fault=fault)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)
            await self._write((("\x1b[?1049l" if self._alternate else "") + RESET + "\r\n").encode())
            with contextlib.suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(self._in, termios.TCSADRAIN, before)
                termios.tcflush(self._in, termios.TCIFLUSH)
        return ended

    async def _output(self, opened: Opened) -> None:
        data = await opened.pending
        while data:
            on, off = data.rfind(_ALT_ON), data.rfind(_ALT_OFF)
            if on != off:
                self._alternate = on > off
            await self._write(data)
            data = await opened.session.read()

    async def _write(self, data: bytes) -> None:
        # A terminal that does not drain (an SSH link, ctrl-s) must not stop the event loop.
        await asyncio.to_thread(self._write_all, data)

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._out, view) :]
            except OSError:
                return  # the terminal is gone; whoever watches it ends the process

    async def _readable(self, seconds: float | None = None) -> bool:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._in, _resolve, ready)
        try:
            async with asyncio.timeout(seconds):
                await ready
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._in)
        return True

    async def _input(self, session: ExecSession, typed: bytes) -> None:
        held = b""
        if typed:
            await session.write(typed)
        while True:
            if not await self._readable(HOLD_SECONDS if held else None):
                await session.write(held)
                held = b""
                continue
            try:
                data = os.read(self._in, 1 << 16)
            except OSError:
                return
            if not data:
                return
            data = held + data
            if DETACH in data:
                before = data[: data.index(DETACH)]
                if before:
                    await session.write(before)
                return
            held = data[-1:] if data.endswith(DETACH[:1]) else b""
            if rest := data[: len(data) - len(held)]:
                await session.write(rest)

    async def _sizes(self, session: ExecSession, resized: asyncio.Event) -> None:
        while True:
            await resized.wait()
            resized.clear()
            # The process may have just ended; its output ends too, and that is what is reported.
            with contextlib.suppress(RuntimeFault):
                await session.resize(*terminal_size())
