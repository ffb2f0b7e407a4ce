"""The Docker Engine API backend: the parts put together, and the first contact with an engine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.runtime.engine.archive import Archives
from tui.runtime.engine.attach import Attach
from tui.runtime.engine.containers import Containers
from tui.runtime.engine.create import Creation
from tui.runtime.engine.dialect import Dialect, dialect_of
from tui.runtime.engine.execs import Execs
from tui.runtime.engine.faults import translate
from tui.runtime.engine.images import Images
from tui.runtime.engine.lookup import Lookup
from tui.runtime.engine.networks import Networks
from tui.runtime.engine.streams import ContainerStreams
from tui.runtime.engine.system import System
from tui.runtime.engine.transport import Request, Transport
from tui.runtime.engine.volumes import Volumes
from tui.runtime.errors import ApiError, InvalidRequest, ProtocolViolation
from tui.runtime.models import EngineKind
from tui.runtime.wire.decode_system import kind_of
from tui.runtime.wire.values import expect_object, text

if TYPE_CHECKING:
    from tui.runtime.endpoints import Endpoint
    from tui.runtime.protocol import Runtime

NEWEST_API = (1, 47)
"""The newest version whose answers this backend has been written against."""

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)


class EngineRuntime(
    Attach, Archives, Creation, Lookup, Volumes, Networks, System, Containers, ContainerStreams, Execs, Images
):
    """`tui.runtime.protocol.Runtime` over the Docker Engine API."""


if TYPE_CHECKING:

    def _conforms(runtime: EngineRuntime) -> Runtime:
        """The type checker's proof: the registry, which imports this module by name, has to cast."""
        return runtime


async def open_runtime(endpoint: Endpoint) -> EngineRuntime:
    """Ask an engine who it is and which API it speaks.

    The version used is the smaller of its newest and ours; ``DOCKER_API_VERSION`` wins.

    Raises:
        RuntimeFault: when nothing that speaks the API answers.
    """
    transport = Transport(endpoint)
    try:
        dialect, newest = await _introduce(transport)
        chosen = _wanted() or min(newest, NEWEST_API)
        transport.version_prefix = f"/v{chosen[0]}.{chosen[1]}"
        return EngineRuntime(transport, dialect=dialect, api_version=chosen)
    except BaseException:
        await transport.close()
        raise


def parse_version(text: str) -> tuple[int, int]:
    """``1.41`` as numbers, which compare as they should (1.9 is older than 1.41).

    Raises:
        ProtocolViolation: when it is no version.
    """
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        raise ProtocolViolation(f"not an API version: {text!r}")
    return int(found[1]), int(found[2])


async def _introduce(transport: Transport) -> tuple[Dialect, tuple[int, int]]:
    """Which dialect, and its newest API version. A ping tells both in 0.3 ms; /version takes dockerd 5."""
    try:
        answer = await transport.request(Request("ping", "GET", "/_ping"))
    except ApiError:
        # A proxy before the engine may allow one and not the other.
        headers: Mapping[str, str] = {}
    else:
        headers = answer.headers
    with translate("connect", "", transport.endpoint):
        if said := headers.get("api-version"):
            libpod = headers.get("libpod-api-version", "")
            podman = bool(libpod) or headers.get("server", "").startswith("Libpod")
            return dialect_of(EngineKind.PODMAN if podman else EngineKind.DOCKER, libpod), parse_version(said)
        version = expect_object(await transport.json(Request("version", "GET", "/version")))
        # Podman's version is that of its own API too.
        return dialect_of(kind_of(version), text(version, "Version")), parse_version(text(version, "ApiVersion"))


def _wanted() -> tuple[int, int] | None:
    given = os.environ.get("DOCKER_API_VERSION", "").strip()
    if not given:
        return None
    try:
        return parse_version(given)
    except ProtocolViolation as exc:
        raise InvalidRequest(
            f"DOCKER_API_VERSION is {given!r}", operation="connect", hint="It is a version such as 1.41; or unset it."
        ) from exc
