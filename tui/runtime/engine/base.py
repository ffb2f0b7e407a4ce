"""What every part of the engine backend shares: the transport, the API version, the checks of its input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.runtime.engine.dialect import Dialect
from tui.runtime.engine.transport import ANSWER_TIMEOUT, Request, Stream, Transport, segment
from tui.runtime.errors import InvalidRequest, Unsupported
from tui.runtime.filters import Filters
from tui.runtime.models import Capability

Query = Mapping[str, str | int | bool | None]


class EngineBase:
    """The connection to one engine, how it has to be spoken to, and the API version that was agreed on."""

    def __init__(self, transport: Transport, *, dialect: Dialect, api_version: tuple[int, int]) -> None:
        """Made by `open_runtime`, which has asked the engine for both."""
        self._transport = transport
        self._dialect = dialect
        self._api = api_version
        self._capabilities = dialect.capabilities(api_version)

    async def _get(
        self,
        operation: str,
        path: str,
        query: Query | None = None,
        *,
        target: str = "",
        timeout: float = ANSWER_TIMEOUT,
        version: str = "",
    ) -> Any:
        """GET, decoded."""
        return await self._transport.json(
            Request(operation, "GET", path, query=query or {}, target=target, version=version), timeout=timeout
        )

    async def _post(
        self,
        operation: str,
        path: str,
        query: Query | None = None,
        *,
        target: str = "",
        timeout: float | None = ANSWER_TIMEOUT,
    ) -> None:
        """POST without a body; the answer holds nothing of use."""
        await self._transport.request(
            Request(operation, "POST", path, query=query or {}, target=target), timeout=timeout
        )

    def _stream(
        self,
        operation: str,
        path: str,
        query: Query | None = None,
        *,
        target: str = "",
        head_timeout: float | None = ANSWER_TIMEOUT,
        lenient: bool = False,
        version: str = "",
    ) -> Stream:
        """A streamed GET, not yet entered."""
        request = Request(operation, "GET", path, query=query or {}, target=target, version=version)
        return self._transport.stream(request, head_timeout=head_timeout, lenient=lenient)

    def _require(self, capability: Capability, operation: str, target: str) -> None:
        """Refuse what this engine cannot do, before anything is sent."""
        if capability not in self._capabilities:
            raise Unsupported(operation=operation, target=target, capability=capability.value)


def path_of(operation: str, kind: str, id: str, tail: str = "", *, keep: str = "") -> str:
    """``/containers/<id>/stop``, the id percent-encoded.

    Raises:
        InvalidRequest: for an id that is empty or could become another path.
    """
    try:
        return f"/{kind}/{segment(id, keep=keep)}{tail}"
    except InvalidRequest as exc:
        exc.operation, exc.target = operation, id
        raise


def filters_json(filters: Filters | None) -> str | None:
    """The ``filters`` parameter, None when there is nothing to filter by."""
    return filters.to_json() if filters else None
