"""A streamed answer as an async iterator of typed values."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Generic, TypeVar

from tui.runtime.engine.faults import translate
from tui.runtime.engine.transport import Stream
from tui.runtime.errors import RuntimeFault, StreamBroken

T = TypeVar("T")


class DecodedStream(Generic[T]):
    """Async context manager and async iterator over what `decode` makes of a stream's bytes."""

    def __init__(
        self,
        stream: Stream,
        decode: Callable[[bytes], Iterable[T]],
        finish: Callable[[], list[T]],
        *,
        endless: bool = False,
    ) -> None:
        """Read `stream` through `decode`.

        Args:
            stream: Not yet entered.
            decode: Bytes to the values they complete. What it yields before it raises still comes first.
            finish: What is left at the proper end; raises `StreamBroken` when that was inside a value.
            endless: Whether even a proper end is a break, because the stream has none.
        """
        self._stream = stream
        self._decode = decode
        self._finish = finish
        self._endless = endless
        self._ready: deque[T] = deque()
        self._over = False
        self._fault: RuntimeFault | None = None

    async def __aenter__(self) -> DecodedStream[T]:
        """Open it: the engine has accepted it then."""
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._stream.__aexit__(kind, exc, trace)

    def __aiter__(self) -> DecodedStream[T]:
        """Itself."""
        return self

    async def __anext__(self) -> T:
        """The next value."""
        if not self._ready and not await self._fill():
            raise StopAsyncIteration
        return self._ready.popleft()

    async def batch(self, limit: int = 5000) -> list[T]:
        """All values that have arrived, at least one, at most `limit`; empty at the end."""
        if not self._ready and not await self._fill():
            return []
        if len(self._ready) <= limit:
            values = list(self._ready)
            self._ready.clear()
            return values
        return [self._ready.popleft() for _ in range(limit)]

    def end(self) -> None:
        """Nothing after what has been decoded counts: for `decode`, when a value says that it is the last."""
        self._over = True

    async def _fill(self) -> bool:
        """Read until there is a value; False at the end."""
        while not self._over:
            with translate(self._stream.operation, self._stream.target, self._stream.endpoint):
                if self._fault is not None:
                    raise self._fault
                try:
                    self._take(await self._stream.read())
                except RuntimeFault as exc:
                    self._fault = exc
            if self._ready:
                return True
        return bool(self._ready)

    def _take(self, data: bytes) -> None:
        if data:
            self._ready.extend(self._decode(data))
            return
        self._ready.extend(self._finish())
        if self._endless:
            raise StreamBroken("the engine ended the stream")
        self._over = True
