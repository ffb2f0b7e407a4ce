"""The engine itself, and its events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from types import MappingProxyType

from tui.runtime.engine.base import EngineBase
from tui.runtime.engine.decoded import DecodedStream
from tui.runtime.engine.faults import translate
from tui.runtime.engine.transport import Request
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, DiskUsage, EngineInfo, EngineVersion, Event
from tui.runtime.wire import decode_system
from tui.runtime.wire.jsonlines import JsonMessages
from tui.runtime.wire.values import expect_object

EVENTS_HEAD_TIMEOUT = 1.0
"""Seconds to wait for the head of the event stream: dockerd sends it at once, Podman with the first event."""
INFO_TIMEOUT = 30.0
"""Seconds: Podman takes one, a loaded dockerd with many plugins several."""
USAGE_TIMEOUT = 300.0
"""Seconds: the engine walks every file system; minutes on a large one."""


class System(EngineBase):
    """`tui.runtime.protocol.SystemOps` and `EventOps`."""

    @property
    def endpoint(self) -> str:
        """The URL this runtime talks to."""
        return self._transport.endpoint

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this engine can do, through this backend."""
        return self._capabilities

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were sent, by operation id."""
        return MappingProxyType(self._transport.requests)

    @property
    def open_streams(self) -> Mapping[str, int]:
        """How many streams are open, by operation id."""
        return MappingProxyType(self._transport.open_streams)

    @property
    def connections(self) -> int:
        """How many connections are open, idle ones included."""
        return self._transport.connections

    async def ping(self) -> None:
        """Succeed when the engine answers."""
        await self._transport.request(Request("ping", "GET", "/_ping"))

    async def version(self) -> EngineVersion:
        """The engine's version and API versions."""
        answer = await self._get("version", "/version")
        with translate("version", "", self.endpoint):
            return decode_system.engine_version(expect_object(answer))

    async def info(self) -> EngineInfo:
        """What the engine says of itself."""
        answer = await self._get("info", "/info", timeout=INFO_TIMEOUT)
        with translate("info", "", self.endpoint):
            return decode_system.engine_info(
                expect_object(answer), kind=self._dialect.kind, api_version=f"{self._api[0]}.{self._api[1]}"
            )

    async def disk_usage(self) -> DiskUsage:
        """Sizes and reclaimable bytes by kind."""
        answer = await self._get("disk_usage", "/system/df", timeout=USAGE_TIMEOUT, version=self._dialect.native)
        with translate("disk_usage", "", self.endpoint):
            return self._dialect.disk_usage(expect_object(answer))

    async def close(self) -> None:
        """Close every connection and stream."""
        await self._transport.close()

    def events(
        self, *, since: datetime | None = None, until: datetime | None = None, filters: Filters | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Events as they happen, from `since` on."""
        with translate("events", "", self.endpoint):
            query = self._dialect.event_query(since, until, filters, datetime.now(UTC))
        messages, read = JsonMessages(), self._dialect.event_reader()

        def finish() -> list[Event]:
            messages.finish()
            return []

        return DecodedStream(
            self._stream("events", "/events", query.parameters, head_timeout=EVENTS_HEAD_TIMEOUT, lenient=True),
            lambda data: [event for raw in messages.feed(data) for event in read(raw) if query.wanted(event)],
            finish,
            endless=until is None,
        )
