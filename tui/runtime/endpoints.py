"""Where engines are: the command line, docker's and podman's own settings, and the places where sockets usually are.

In this order, and the first that is set wins:

1. ``--host`` or ``--context`` (both: an error)
2. ``DOCKER_HOST``
3. ``DOCKER_CONTEXT``
4. ``currentContext`` of docker's config.json
5. ``CONTAINER_HOST``, then ``CONTAINER_CONNECTION``, the name of one of podman's connections
6. podman's default connection, then the well-known sockets, each tried until one answers

What somebody chose (1 to 5) is used alone, as the docker CLI does: an engine that does not answer must not silently
become another one. Podman's default connection is no such choice: on Linux podman itself uses it only when told to be
remote. Blocking and without heavy imports: this runs before the user interface is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tui.runtime import endpoints_contexts, endpoints_podman, endpoints_url
from tui.runtime.endpoints_model import Candidate, Discovery, Endpoint, ProbeResult, TlsConfig
from tui.runtime.endpoints_probe import probe, socket_path
from tui.runtime.errors import InvalidRequest, RuntimeFault

__all__ = [
    "Candidate",
    "Discovery",
    "Endpoint",
    "ProbeResult",
    "TlsConfig",
    "candidates",
    "discover",
    "probe",
    "socket_path",
]

WELL_KNOWN = "well-known socket"
PODMAN_CONNECTION = "podman connection"
# The context that stands for "no context": the environment's engine, or the usual socket.
DEFAULT_CONTEXT = "default"
# Seconds for one answer. Nobody chose the well-known ones, and a hanging one must not hold up the next; a host that
# was chosen may be at the other end of a slow line.
AUTOMATIC_TIMEOUT = 1.0
CHOSEN_TIMEOUT = 3.0


def candidates(host: str | None, context: str | None, env: Mapping[str, str], home: Path, uid: int) -> list[Candidate]:
    """Every endpoint to try, in order. Nothing is connected to.

    Args:
        host: ``--host``, or None.
        context: ``--context``, or None.
        env: The environment.
        home: The user's home directory.
        uid: The user's id, for ``/run/user/<uid>`` when XDG_RUNTIME_DIR is not set.

    Returns:
        One explicit candidate, or the automatic ones. Something unusable is in the list too, with its fault.

    Raises:
        InvalidRequest: when both `host` and `context` are given.
    """
    if host is not None and context is not None:
        raise InvalidRequest("--host and --context exclude each other", hint="a context has its own host")
    found: list[Candidate] = []
    config_dir = Path(env.get("DOCKER_CONFIG") or home / ".docker")
    if host is not None:
        return [_from_url(host, "--host", env, home, config_dir)]
    if context is not None and context != DEFAULT_CONTEXT:
        return [_from_context(context, "--context", home, config_dir)]
    if env.get("DOCKER_HOST"):
        return [_from_url(env["DOCKER_HOST"], "DOCKER_HOST", env, home, config_dir)]
    if context is None:
        chosen, source = env.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
        if not chosen:
            source = "currentContext"
            try:
                chosen = endpoints_contexts.current_context(config_dir)
            except InvalidRequest as fault:
                # As in docker: said, and then done without.
                found.append(Candidate("config.json", str(config_dir / "config.json"), fault=fault))
        if chosen and chosen != DEFAULT_CONTEXT:
            return [_from_context(chosen, source, home, config_dir)]
        if not chosen and env.get("CONTAINER_HOST"):
            return [*found, _from_url(env["CONTAINER_HOST"], "CONTAINER_HOST", env, home, config_dir)]
        if not chosen:
            connections = _podman_connection(env, home)
            found.extend(connections)
            if any(candidate.explicit for candidate in connections):
                return found
    found.extend(_well_known(env, home, uid))
    return found


def discover(
    host: str | None = None,
    context: str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    home: Path | None = None,
    uid: int | None = None,
    timeout: float | None = None,
) -> Discovery:
    """Try the candidates in order until one answers. Blocking: on a running event loop call it in a thread.

    Args:
        host: ``--host``, or None.
        context: ``--context``, or None.
        env: The environment; the process's own by default.
        home: The home directory; the user's by default.
        uid: The user's id; the process's by default.
        timeout: Seconds per candidate; by default 3 for a chosen endpoint and 1 for each automatic one.

    Raises:
        InvalidRequest: when both `host` and `context` are given.
    """
    environment = os.environ if env is None else env
    found = candidates(host, context, environment, home or _home(environment), os.getuid() if uid is None else uid)
    tried = []
    for candidate in found:
        seconds = timeout or (CHOSEN_TIMEOUT if candidate.explicit else AUTOMATIC_TIMEOUT)
        result = probe(candidate, seconds)
        tried.append(result)
        if result.ok:
            return Discovery(candidate.endpoint, tuple(tried), host, context)
    return Discovery(None, tuple(tried), host, context)


def _home(env: Mapping[str, str]) -> Path:
    return Path(env["HOME"]) if env.get("HOME") else Path("~").expanduser()


def _from_url(text: str, source: str, env: Mapping[str, str], home: Path, config_dir: Path) -> Candidate:
    verify, plain = bool(env.get("DOCKER_TLS_VERIFY")), bool(env.get("DOCKER_TLS"))
    try:
        url, https = endpoints_url.normalise(text, source=source, tls=verify or plain)
        tls = None
        if url.startswith("tcp://"):
            if verify or plain:
                tls = endpoints_contexts.tls_from_environment(verify, Path(env.get("DOCKER_CERT_PATH") or config_dir))
            elif https:
                tls = TlsConfig()
    except RuntimeFault as fault:
        return Candidate(source, text, fault=fault, explicit=True)
    name = _display(url, home)
    return Candidate(source, name, Endpoint(url, name, source, tls), explicit=True)


def _from_context(name: str, source: str, home: Path, config_dir: Path) -> Candidate:
    try:
        host, tls = endpoints_contexts.load_context(config_dir, name)
        url, https = endpoints_url.normalise(host, source=f"context {name!r}", tls=tls is not None)
    except RuntimeFault as fault:
        return Candidate(source, name, fault=fault, explicit=True)
    if not url.startswith("tcp://"):
        tls = None
    elif tls is None and https:
        tls = TlsConfig()
    return Candidate(source, name, Endpoint(url, name, source, tls), explicit=True)


def _podman_connection(env: Mapping[str, str], home: Path) -> list[Candidate]:
    """The connection that the environment names, or else podman's default; none when there is neither."""
    wanted = env.get("CONTAINER_CONNECTION", "")
    source = "CONTAINER_CONNECTION" if wanted else PODMAN_CONNECTION
    name = wanted
    try:
        connections = endpoints_podman.load_connections(env, home)
        name = wanted or connections.default
        if not name:
            return []
        url, https = endpoints_url.normalise(connections.uri(name), source=f"podman connection {name!r}")
    except RuntimeFault as fault:
        return [Candidate(source, name or "containers.conf", fault=fault, explicit=bool(wanted))]
    return [Candidate(source, name, Endpoint(url, name, source, TlsConfig() if https else None), explicit=bool(wanted))]


def _well_known(env: Mapping[str, str], home: Path, uid: int) -> Iterator[Candidate]:
    runtime = Path(env.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}")
    paths = (
        Path("/var/run/docker.sock"),
        Path("/run/docker.sock"),
        runtime / "docker.sock",
        home / ".docker/run/docker.sock",
        home / ".docker/desktop/docker.sock",
        home / ".colima/default/docker.sock",
        home / ".orbstack/run/docker.sock",
        home / ".rd/docker.sock",
        Path("/run/podman/podman.sock"),
        runtime / "podman/podman.sock",
    )
    seen = set()
    for path in paths:
        # /var/run is a link to /run nearly everywhere, and /var/run/docker.sock one to Docker Desktop's on a Mac.
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        url = f"unix://{path}"
        name = _display(url, home)
        yield Candidate(WELL_KNOWN, name, Endpoint(url, name, WELL_KNOWN))


def _display(url: str, home: Path) -> str:
    if url.startswith("tcp://"):
        return url.removeprefix("tcp://")
    path = url.removeprefix("unix://")
    below = f"{home}/"
    return f"~/{path.removeprefix(below)}" if path.startswith(below) else path
