"""Feeds one container's log into a log view, across restarts of the container and losses of the engine."""

from __future__ import annotations

import asyncio

from tui.actions import RowKey
from tui.runtime.errors import RuntimeFault
from tui.runtime.models import Container, ContainerState, LogLine
from tui.store.fleet import Change, Fleet
from widgets.log.view import LogView

RETRY_SECONDS = 2.0

_RUNS = {ContainerState.RUNNING, ContainerState.PAUSED, ContainerState.RESTARTING}


class LogFeed:
    """One container's log, followed for as long as the task of `run` lives."""

    def __init__(self, fleet: Fleet, key: RowKey, view: LogView, *, tail: int) -> None:
        """`tail` is how many of the last lines to begin with."""
        self._fleet = fleet
        self._key = key
        self._view = view
        self._tail = tail
        self._last_time = ""
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled, or until the container is gone and its log has been read to the end."""
        stop = self._fleet.listen(self._on_change)
        try:
            self._view.set_message("Loading the log…")
            while True:
                self._changed.clear()
                read = False
                try:
                    await self._follow()
                    read = True
                    self._view.set_message(self._ended_text())
                except RuntimeFault as fault:
                    hint = f" - {fault.hint}" if fault.hint else ""
                    self._view.set_message(f"{fault.detail or fault}{hint}", error=True)
                await self._wait_for_more(read)
        finally:
            stop()

    async def _follow(self) -> None:
        # On resume the last second's lines come again (`since` is inclusive, and Podman's times have whole
        # seconds): those that are not newer than the last line shown are dropped.
        since = self._last_time or None
        seen = self._last_time
        async with self._fleet.logs(self._key, follow=True, timestamps=True, tail=self._tail, since=since) as stream:
            if not seen:
                self._view.set_message("")
            while batch := await stream.batch():
                fresh = [line for line in batch if line.time > seen or not line.time] if seen else batch
                self._show(fresh)
                # A flood never lets the stream wait: give the keyboard its turn after every batch.
                await asyncio.sleep(0)

    def _show(self, lines: list[LogLine]) -> None:
        if lines:
            self._view.set_message("")
            self._view.extend(lines)
            self._last_time = lines[-1].time or self._last_time

    def _ended_text(self) -> str:
        model = self._fleet.get(self._key)
        if model is None:
            return "The container is gone; this was its log."
        if isinstance(model, Container) and model.state in _RUNS:
            return ""
        if not self._last_time:
            return "This container has not logged anything."
        return f"End of the log: {model.status or 'the container does not run'}."

    def _on_change(self, change: Change) -> None:
        if self._key.kind in change.kinds or change.status:
            self._changed.set()

    async def _wait_for_more(self, read: bool) -> None:
        """Wait until there may be something new: the container runs again, or what failed can be tried again."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            model = self._fleet.get(self._key)
            live = any(
                status.endpoint == self._key.endpoint and status.error is None for status in self._fleet.status()
            )
            if live and isinstance(model, Container) and (not read or model.state in _RUNS):
                # What cannot be read (a log driver without a log) is not asked for with every event.
                await asyncio.sleep(0 if read else RETRY_SECONDS)
                return
            if live:
                self._view.set_message(self._ended_text())
