"""What only inspect tells, asked for once per change of the object and never on a timer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tui.actions import RowKey
from tui.runtime.errors import Unsupported
from tui.runtime.kinds import KindSpec
from tui.runtime.models import Event
from tui.runtime.protocol import Runtime

PARALLEL = 4
"""Inspects in flight at once: dockerd takes the container's lock for each."""
KEPT = 256
"""Answers kept: about 20 kB each, so 5 MB."""


@dataclass(slots=True, eq=False)
class _Request:
    """One inspect under way, and how many callers wait for it."""

    task: asyncio.Task[Any]
    waiting: int = 0


class Details:
    """A cache of inspect answers. Callers that ask for one object at the same time share one request."""

    def __init__(self, kinds: Sequence[KindSpec], runtime: Callable[[str], Runtime]) -> None:
        """`runtime` returns the connected runtime of an endpoint, or raises `EngineUnreachable`."""
        self._kinds = {spec.name: spec for spec in kinds}
        self._runtime = runtime
        self._kept: OrderedDict[RowKey, Any] = OrderedDict()
        self._asked: dict[RowKey, _Request] = {}
        self._limit = asyncio.Semaphore(PARALLEL)

    async def get(self, key: RowKey) -> Any:
        """The detail model of one object.

        Raises:
            Unsupported: when the kind has nothing to inspect.
            RuntimeFault: what the engine answers; it is not kept.
        """
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        request = self._asked.get(key)
        if request is None:
            request = self._asked[key] = _Request(asyncio.create_task(self._ask(key)))
        request.waiting += 1
        try:
            detail = await asyncio.shield(request.task)
        finally:
            request.waiting -= 1
            current = self._asked.get(key) is request
            if not request.waiting:
                request.task.cancel()
                if current:
                    del self._asked[key]
        if current:
            self._kept[key] = detail
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return detail

    def drop(self, keys: Iterable[RowKey]) -> None:
        """Forget objects that have changed; a request under way still answers who asked, and is not kept."""
        for key in keys:
            self._kept.pop(key, None)
            self._asked.pop(key, None)

    def drop_engine(self, endpoint: str) -> None:
        """Forget everything of one engine."""
        self.drop([key for key in (*self._kept, *self._asked) if key.endpoint == endpoint])

    def event(self, endpoint: str, event: Event) -> None:
        """Forget what an event is about."""
        for spec in self._kinds.values():
            if event.type in spec.events and event.action not in spec.ignored_actions:
                if spec.list_by_ids is not None and event.actor_id:
                    self.drop((RowKey(endpoint, spec.name, event.actor_id),))
                    continue
                # Image events name a tag as often as an id, so any image may be meant.
                known = (*self._kept, *self._asked)
                self.drop([key for key in known if key.endpoint == endpoint and key.kind == spec.name])

    async def _ask(self, key: RowKey) -> Any:
        inspect = self._kinds[key.kind].inspect if key.kind in self._kinds else None
        if inspect is None:
            raise Unsupported(f"{key.kind} cannot be inspected", operation="inspect", target=key.id)
        async with self._limit:
            return await inspect(self._runtime(key.endpoint), key.id)
