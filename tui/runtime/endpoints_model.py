"""What an endpoint is, and what was found out about the ones that were tried. Import these from `endpoints`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from tui.runtime.errors import RuntimeFault


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """How to speak TLS to an engine.

    Attributes:
        ca: Certificates to trust; None means the system's.
        cert: Our own certificate, or None.
        key: Its key, or None.
        verify: Whether the engine's certificate and name are checked.
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    verify: bool = True


DEFAULT_URL = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine is.

    Attributes:
        url: Normalised: ``unix:///absolute/path`` or ``tcp://host:port``.
        name: What people call it: the context's name, the socket's path with ``~``, or ``host:port``.
        source: What named it: ``--host``, ``--context``, ``DOCKER_HOST``, ``well-known socket``...
        tls: Set when the connection is TLS. Never for unix sockets.
    """

    url: str
    name: str
    source: str
    tls: TlsConfig | None = None

    @property
    def client(self) -> str:
        """How docker's own command line is to begin so that it reaches this engine, for command lines to copy."""
        if self.source == "--context":
            return f"docker --context {shlex.quote(self.name)}"
        # What the environment or docker's configuration says, docker finds by itself.
        if self.url == DEFAULT_URL or self.source in ("DOCKER_HOST", "DOCKER_CONTEXT", "currentContext"):
            return "docker"
        return f"docker -H {shlex.quote(self.url)}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint that could be used, or the reason why something that was named cannot be.

    Attributes:
        source: As in `Endpoint`.
        name: As in `Endpoint`; what was written, when that is no endpoint.
        endpoint: None when `fault` says why there is none.
        fault: A broken context, a URL nobody understands, a transport that is not supported.
        explicit: Whether somebody chose it: it is then used alone, as the docker CLI does.
    """

    source: str
    name: str
    endpoint: Endpoint | None = None
    fault: RuntimeFault | None = None
    explicit: bool = False

    def describe(self) -> str:
        """``name (source)``, for people."""
        return f"{self.name} ({self.source})"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one candidate answered.

    Attributes:
        candidate: The candidate.
        ok: Whether an engine answered.
        error: Why not, typed, with a hint where one is known. None when `ok`.
        api_version: The engine's newest API version as it says in its headers, or "".
    """

    candidate: Candidate
    ok: bool
    error: RuntimeFault | None = None
    api_version: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The outcome of looking for an engine.

    Attributes:
        chosen: The first endpoint that answered, or None.
        tried: Every candidate up to that one, in order, each with its outcome.
        host: The ``--host`` that was asked for, to look again in the same way.
        context: The ``--context`` that was asked for.
    """

    chosen: Endpoint | None
    tried: tuple[ProbeResult, ...]
    host: str | None = None
    context: str | None = None
