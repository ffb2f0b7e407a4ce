"""The engine itself, and its events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from types import MappingProxyType

from tui.runtime.engine.base import EngineBase
from tui.runtime.engine.decoded import DecodedStream
from tui.runtime.engine.dialect import Dialect
from tui.runtime.engine.faults import translate
from tui.runtime.engine.transport import Request, Stream
from tui.runtime.errors import RuntimeFault, StreamBroken, Unsupported
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, DiskUsage, EngineInfo, EngineVersion, Event
from tui.runtime.wire import decode_system
from tui.runtime.wire.jsonlines import JsonMessages
from tui.runtime.wire.values import Raw, expect_object

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
        stream = self._stream("events", "/events", query.parameters, head_timeout=EVENTS_HEAD_TIMEOUT, lenient=True)
        return _Events(self, stream, self._dialect, query.wanted, endless=until is None)

    async def native_info(self) -> Raw:
        """What the engine says of itself in its own API."""
        answer = await self._get("info", "/info", timeout=INFO_TIMEOUT, version=self._dialect.native)
        with translate("info", "", self.endpoint):
            return expect_object(answer)


class _Events(DecodedStream[Event]):
    """The event stream. Podman ends it at once, and properly, where it was told to log no events."""

    def __init__(
        self, owner: System, stream: Stream, dialect: Dialect, wanted: Callable[[Event], bool], *, endless: bool
    ) -> None:
        super().__init__(stream, self._decode_events, self._finish_events, endless=endless)
        self._owner = owner
        self._dialect = dialect
        self._wanted = wanted
        self._messages = JsonMessages()
        self._read_event = dialect.event_reader()
        self._silent = True

    async def __anext__(self) -> Event:
        try:
            return await super().__anext__()
        except StreamBroken as broken:
            if self._silent and self._dialect.may_log_no_events and await self._logs_none(broken):
                raise Unsupported(
                    "this engine logs no events",
                    operation="events",
                    target=self._owner.endpoint,
                    hint="Set events_logger to journald or file in containers.conf.",
                    capability=Capability.EVENTS.value,
                ) from broken
            raise

    async def _logs_none(self, broken: StreamBroken) -> bool:
        try:
            return not self._dialect.logs_events(await self._owner.native_info())
        except RuntimeFault:
            # It has gone altogether, or does not tell: the stream's own end is what there is to say.
            raise broken from None

    def _decode_events(self, data: bytes) -> list[Event]:
        self._silent = False
        return [event for raw in self._messages.feed(data) for event in self._read_event(raw) if self._wanted(event)]

    def _finish_events(self) -> list[Event]:
        self._messages.finish()
        return []
