"""The one place that names backends. They are imported when they are used, by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol, cast

from tui.runtime.errors import BackendUnavailable

if TYPE_CHECKING:
    from tui.runtime.endpoints import Endpoint
    from tui.runtime.models import Container
    from tui.runtime.protocol import Runtime

_ENGINE = "tui.runtime.engine.backend"
_PREFETCH = "tui.runtime.engine.prefetch"
_BACKENDS = {"unix": _ENGINE, "tcp": _ENGINE, "http": _ENGINE, "https": _ENGINE}


class Prefetched(Protocol):
    """A container list that was asked for early."""

    def containers(self, timeout: float) -> list[Container] | None:
        """The list, waiting at most `timeout` seconds; None when there is none by then."""
        ...


async def connect(endpoint: str | Endpoint) -> Runtime:
    """A runtime for an endpoint (or its URL), once the engine there has answered.

    Raises:
        EngineUnreachable: when nothing answers; its kinds say why.
        BackendUnavailable: when no backend reaches such an endpoint.
    """
    where = _endpoint(endpoint)
    scheme = where.url.partition("://")[0]
    name = _BACKENDS.get(scheme)
    if name is None:
        raise BackendUnavailable(
            f"no backend for {scheme!r} endpoints", operation="connect", target=where.url, hint=_schemes()
        )
    return cast("Runtime", await importlib.import_module(name).open_runtime(where))


def prefetch(endpoint: str | Endpoint) -> Prefetched:
    """Start asking for the container list in a thread. Cheap to import and to call, and it never raises."""
    return cast(Prefetched, importlib.import_module(_PREFETCH).Prefetch(_endpoint(endpoint)))


def _endpoint(endpoint: str | Endpoint) -> Endpoint:
    if not isinstance(endpoint, str):
        return endpoint
    from tui.runtime.endpoints import Endpoint

    return Endpoint(url=endpoint, name=endpoint, source="", tls=None)


def _schemes() -> str:
    return f"One of {', '.join(f'{scheme}://' for scheme in _BACKENDS)}"
