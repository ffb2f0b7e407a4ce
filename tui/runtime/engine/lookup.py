"""Containers: found, watched until they are as wanted, and cleared away.

The classes of its values are imported where they are used, as in `tui.runtime.engine.volumes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tui.runtime.engine.base import filters_json, path_of
from tui.runtime.engine.containers import SIZE_TIMEOUT, Containers
from tui.runtime.engine.execs import check_size
from tui.runtime.engine.faults import translate
from tui.runtime.engine.refusals import by_words
from tui.runtime.engine.streams import ContainerStreams
from tui.runtime.engine.system import System
from tui.runtime.engine.transport import Request
from tui.runtime.errors import (
    AmbiguousId,
    Conflict,
    InvalidRequest,
    NotFound,
    RuntimeFault,
    Unhealthy,
    WaitTimeout,
)
from tui.runtime.filters import Filters
from tui.runtime.models import Container, ContainerDetail, ContainerState, Health, Stats, parse_enum
from tui.runtime.options import WaitCondition
from tui.runtime.wire.values import expect_object, expect_objects, number, text, texts

if TYPE_CHECKING:
    from tui.runtime.models_results import Change, PruneResult

PRUNE_TIMEOUT = 300.0
"""Seconds: the engine deletes the file systems one after the other."""
RECHECK = 2.0
"""Seconds after which a watched container is looked at without an event: engines may drop some, and may have none."""
_ALIVE = (ContainerState.RUNNING, ContainerState.PAUSED, ContainerState.RESTARTING)
_WATCHED = ("health_status", "die", "destroy", "start", "remove")


class Lookup(System, Containers, ContainerStreams):
    """The parts of `tui.runtime.protocol_containers` that find containers and wait for them."""

    async def container_exists(self, id: str) -> bool:
        """Whether there is such a container."""
        try:
            await self._get("container_exists", path_of("container_exists", "containers", id, "/json"), target=id)
        except NotFound:
            return False
        return True

    async def container_lookup(self, name: str) -> Container:
        """The one container that a name, an id or the beginning of an id means."""
        wanted = name.strip().removeprefix("/")
        if not wanted:
            raise InvalidRequest("an empty id or name", operation="container_lookup", target=name)
        rows = await self.container_list(all=True)
        for row in rows:
            if row.id == wanted:
                return row
        for row in rows:
            if wanted in row.names:
                return row
        found = [row for row in rows if row.id.startswith(wanted)]
        if len(found) > 1:
            raise AmbiguousId(
                f"{len(found)} containers have an id that begins so",
                operation="container_lookup",
                target=name,
                candidates=tuple(f"{row.name} ({row.id[:12]})" for row in found),
            )
        if not found:
            raise NotFound(f"No such container: {name}", operation="container_lookup", target=name)
        return found[0]

    async def container_find_by_label(self, label: str, value: str | None = None) -> list[Container]:
        """All containers with a label, stopped ones included."""
        if not label or "=" in label:
            raise InvalidRequest(f"not a label: {label!r}", operation="container_find_by_label", target=label)
        wanted = label if value is None else f"{label}={value}"
        rows = await self.container_list(all=True, filters=Filters(label=wanted))
        # Podman takes an empty value for any.
        return [row for row in rows if value is None or row.labels.get(label) == value]

    async def container_stop_and_remove(
        self, id: str, *, signal: str | None = None, timeout: int | None = None, volumes: bool = False
    ) -> None:
        """Stop and remove; one that is missing, or removes itself meanwhile, is success."""
        try:
            await self.container_stop(id, signal=signal, timeout=timeout)
            await self.container_remove(id, volumes=volumes, force=True)
        except NotFound:
            return
        except Conflict as exc:
            if "already in progress" not in exc.detail:
                raise
            await self._gone(id)

    async def container_changes(self, id: str) -> list[Change]:
        """What differs from the image, by path."""
        from tui.runtime.models_results import Change, ChangeKind

        operation = "container_changes"
        path = path_of(operation, "containers", id, "/changes")
        with by_words(operation, id):
            answer = await self._get(operation, path, target=id, timeout=SIZE_TIMEOUT)
        with translate(operation, id, self._transport.endpoint):
            found = [
                Change(text(raw, "Path"), parse_enum(ChangeKind, raw.get("Kind"))) for raw in expect_objects(answer)
            ]
        return sorted(found, key=lambda change: change.path)

    async def container_resize(self, id: str, *, width: int, height: int) -> None:
        """Tell the container's own TTY its size in cells."""
        operation = "container_resize"
        check_size(operation, id, width, height)
        await self._change(operation, id, "/resize", {"h": height, "w": width})

    async def container_prune(self, *, filters: Filters | None = None) -> PruneResult:
        """Remove the containers that do not run."""
        from tui.runtime.models_results import PruneResult

        request = Request("container_prune", "POST", "/containers/prune", query={"filters": filters_json(filters)})
        answer = await self._transport.json(request, timeout=PRUNE_TIMEOUT)
        with translate("container_prune", "", self._transport.endpoint):
            raw = expect_object(answer)
            return PruneResult(texts(raw, "ContainersDeleted"), number(raw, "SpaceReclaimed"))

    async def container_stats_once(self, id: str) -> Stats:
        """One sample, with its CPU %."""
        sample = None
        async with self.container_stats(id) as samples:
            async for sample in samples:
                # The first has nothing to compare with.
                if sample.cpu_percent is not None:
                    return sample
        if sample is None:
            raise Conflict(f"container {id} is not running", operation="container_stats_once", target=id)
        return sample

    async def container_wait_stopped(self, id: str, *, timeout: float | None = None) -> int:
        """Wait until it does not run; the exit code."""
        try:
            async with asyncio.timeout(timeout):
                return await self.container_wait(id, condition=WaitCondition.NOT_RUNNING)
        except TimeoutError as exc:
            raise _late("container_wait_stopped", id, timeout, "it still runs") from exc

    async def container_wait_healthy(self, id: str, *, timeout: float | None = None) -> None:
        """Wait until its health check says that it is well."""
        last = Health.UNKNOWN
        try:
            async with asyncio.timeout(timeout):
                full = (await self.container_inspect(id)).id
                async with self._events_of(full) as changed:
                    while True:
                        changed.clear()
                        detail = await self.container_inspect(full)
                        if _is_well(detail, id):
                            return
                        last = detail.health
                        await _happens(changed)
        except TimeoutError as exc:
            raise _late("container_wait_healthy", id, timeout, f"its health is {last.value}") from exc

    # --- inside ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _events_of(self, id: str) -> AsyncIterator[asyncio.Event]:
        """Set after each event of a container."""
        changed = asyncio.Event()
        listening = asyncio.ensure_future(self._listen(id, changed))
        try:
            yield changed
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _listen(self, id: str, changed: asyncio.Event) -> None:
        filters = Filters(type="container", container=id, event=_WATCHED)
        try:
            async with self.events(filters=filters) as events:
                # What happened while the stream was being opened has no event in it.
                changed.set()
                async for _ in events:
                    changed.set()
        except RuntimeFault:
            # Without events the looks that come anyway have to do; what is wrong with the engine, they tell.
            return

    async def _gone(self, id: str) -> None:
        """Wait until it is no more."""
        try:
            await self.container_wait(id, condition=WaitCondition.REMOVED)
        except NotFound:
            return


async def _happens(changed: asyncio.Event) -> None:
    """Wait for an event, or for the time to look without one."""
    try:
        async with asyncio.timeout(RECHECK):
            await changed.wait()
    except TimeoutError:
        return


def _is_well(detail: ContainerDetail, id: str) -> bool:
    """Whether a container is healthy.

    Raises:
        InvalidRequest: when it has no health check.
        Unhealthy: when it is ill, or does not run.
    """
    operation = "container_wait_healthy"
    if detail.state not in _ALIVE:
        code = "" if detail.exit_code is None else f" with exit code {detail.exit_code}"
        raise Unhealthy(f"it is {detail.state.value}{code}", operation=operation, target=id, hint="Look at its log.")
    if detail.health is Health.NONE and detail.state is ContainerState.RUNNING:
        raise InvalidRequest("it has no health check", operation=operation, target=id)
    if detail.health is Health.UNHEALTHY:
        said = detail.health_log[-1].output.strip() if detail.health_log else ""
        raise Unhealthy(
            f"its health check fails: {said}" if said else "its health check fails", operation=operation, target=id
        )
    return detail.health is Health.HEALTHY


def _late(operation: str, id: str, timeout: float | None, what: str) -> WaitTimeout:
    return WaitTimeout(f"{what} after {timeout:g} s", operation=operation, target=id)
