"""Containers: everything that is one request and one answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tui.runtime.engine.base import EngineBase, Query, filters_json, path_of
from tui.runtime.engine.faults import translate
from tui.runtime.engine.refusals import by_words
from tui.runtime.engine.transport import ANSWER_TIMEOUT, Request
from tui.runtime.errors import Conflict, EngineFault, InvalidRequest
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, Container, ContainerDetail, Processes
from tui.runtime.options import NAME, WaitCondition
from tui.runtime.wire import decode_containers
from tui.runtime.wire.values import expect_object, expect_objects, inner, number, text

SIZE_TIMEOUT = 120.0
"""Seconds: with sizes the engine walks the file system of every container."""
START_TIMEOUT = 60.0
"""Seconds: pulling up networks, volumes and a shim takes 0.2 s idle, and 20 s on a machine that is swapping."""
OWN_STOP_TIMEOUT = 120.0
"""Seconds to wait for a stop whose time-out is the container's own, which the list does not tell; 10 by default."""

_SIGNAL = re.compile(r"(?:SIG)?[A-Z]+[0-9]*(?:[+-][0-9]+)?|[0-9]{1,3}", re.IGNORECASE | re.ASCII)
# Engines answer 500 to some of what the state does not allow, dockerd to unpause, Podman to pause and kill; and
# Podman 5 with a database for state to a name that is taken.
_STATE_WORDS = (
    "is not paused",
    "is already paused",
    "is not running",
    "container state improper",
    "UNIQUE constraint failed",
)


class Containers(EngineBase):
    """The one-shot part of `tui.runtime.protocol.ContainerOps`."""

    async def container_list(
        self, *, all: bool = False, size: bool = False, filters: Filters | None = None
    ) -> list[Container]:
        """Containers, running ones only unless `all`."""
        with by_words("container_list", ""):
            answer = await self._get(
                "container_list",
                "/containers/json",
                {"all": all or None, "size": size or None, "filters": filters_json(filters)},
                timeout=SIZE_TIMEOUT if size else ANSWER_TIMEOUT,
                version=self._dialect.native,
            )
        now = datetime.now(UTC)
        with translate("container_list", "", self._transport.endpoint):
            return [self._dialect.container(raw, now) for raw in expect_objects(answer)]

    async def container_inspect(self, id: str, *, size: bool = False) -> ContainerDetail:
        """Everything about one container."""
        answer = await self._get(
            "container_inspect",
            path_of("container_inspect", "containers", id, "/json"),
            {"size": size or None},
            target=id,
            timeout=SIZE_TIMEOUT if size else ANSWER_TIMEOUT,
        )
        with translate("container_inspect", id, self._transport.endpoint):
            return self._dialect.container_detail(expect_object(answer), size=size)

    async def container_start(self, id: str) -> None:
        """Start; a running container is success (304)."""
        await self._change("container_start", id, "/start", timeout=START_TIMEOUT)

    async def container_stop(self, id: str, *, signal: str | None = None, timeout: int | None = None) -> None:
        """Stop; a stopped container is success (304)."""
        await self._stop("container_stop", id, "/stop", signal, timeout, extra=ANSWER_TIMEOUT)

    async def container_restart(self, id: str, *, signal: str | None = None, timeout: int | None = None) -> None:
        """Stop, then start."""
        await self._stop("container_restart", id, "/restart", signal, timeout, extra=START_TIMEOUT)

    async def container_kill(self, id: str, *, signal: str = "SIGKILL") -> None:
        """Send a signal."""
        _check_signal("container_kill", id, signal)
        await self._change("container_kill", id, "/kill", {"signal": signal})

    async def container_pause(self, id: str) -> None:
        """Freeze all processes."""
        await self._change("container_pause", id, "/pause")

    async def container_unpause(self, id: str) -> None:
        """Thaw."""
        await self._change("container_unpause", id, "/unpause")

    async def container_rename(self, id: str, *, name: str) -> None:
        """Rename."""
        if not NAME.fullmatch(name):
            raise InvalidRequest(
                f"not a container name: {name!r}",
                operation="container_rename",
                target=id,
                hint="Letters, digits, and after the first of them also _ . and -",
            )
        await self._change("container_rename", id, "/rename", {"name": name})

    async def container_remove(self, id: str, *, volumes: bool = False, force: bool = False) -> None:
        """Remove."""
        path = path_of("container_remove", "containers", id)
        query = {"v": volumes or None, "force": force or None}
        # Forced, the engine kills first and unmounts after: as slow as a stop.
        request = Request("container_remove", "DELETE", path, query=query, target=id)
        with state_conflicts("container_remove", id):
            await self._transport.request(request, timeout=START_TIMEOUT)

    async def container_top(self, id: str) -> Processes:
        """The processes, as the engine's ``ps`` prints them."""
        path = path_of("container_top", "containers", id, "/top")
        request = Request("container_top", "GET", path, target=id, version=self._dialect.native)
        answer = await self._transport.request(request)
        with translate("container_top", id, self._transport.endpoint):
            if not answer.body:
                # All that Podman says of a container that does not run.
                raise Conflict("no processes can be told: it does not run, or is paused", status=answer.status)
            return decode_containers.processes(expect_object(json.loads(answer.body)))

    async def container_wait(self, id: str, *, condition: WaitCondition | str = WaitCondition.NOT_RUNNING) -> int:
        """Wait until the condition holds; the exit code."""
        with translate("container_wait", id, self._transport.endpoint):
            known = WaitCondition(condition)
        path = path_of("container_wait", "containers", id, "/wait")
        request = Request("container_wait", "POST", path, query={"condition": known.value}, target=id)
        answer: Any = await self._transport.json(request, timeout=None)
        with translate("container_wait", id, self._transport.endpoint):
            raw = expect_object(answer)
            if said := text(inner(raw, "Error"), "Message"):
                raise EngineFault(said)
            return number(raw, "StatusCode")

    async def _change(
        self,
        operation: str,
        id: str,
        tail: str,
        query: Query | None = None,
        *,
        timeout: float | None = ANSWER_TIMEOUT,
    ) -> None:
        with state_conflicts(operation, id):
            await self._post(operation, path_of(operation, "containers", id, tail), query, target=id, timeout=timeout)

    async def _stop(
        self, operation: str, id: str, tail: str, signal: str | None, timeout: int | None, *, extra: float
    ) -> None:
        if signal is not None:
            _check_signal(operation, id, signal)
            self._require(Capability.STOP_SIGNAL, operation, id)
        if timeout is None:
            limit: float | None = OWN_STOP_TIMEOUT + extra
        elif timeout < 0:
            limit = None  # the engine waits for ever then
        else:
            limit = timeout + extra
        await self._change(operation, id, tail, {"signal": signal, "t": timeout}, timeout=limit)


@contextmanager
def state_conflicts(operation: str, id: str) -> Iterator[None]:
    """Say `Conflict` of what the state does not allow, also where the engine says that it is its own fault (500)."""
    try:
        yield
    except EngineFault as exc:
        if any(words in exc.detail for words in _STATE_WORDS):
            raise Conflict(exc.detail, operation=operation, target=id, status=exc.status) from exc
        raise


def _check_signal(operation: str, id: str, signal: str) -> None:
    if not _SIGNAL.fullmatch(signal):
        raise InvalidRequest(
            f"not a signal: {signal!r}",
            operation=operation,
            target=id,
            hint="A name such as SIGTERM or HUP, or a number",
        )
