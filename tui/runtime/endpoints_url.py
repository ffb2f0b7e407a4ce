"""Engine URLs as people write them -> the two forms the transport knows."""

from __future__ import annotations

from tui.runtime.errors import InvalidRequest, Unsupported

FORMS = "unix:///path, /path, tcp://host:port, http://host:port, https://host:port or host:port"

# What docker itself takes when a tcp:// URL has no port.
PLAIN_PORT = 2375
TLS_PORT = 2376

_SSH_HINT = (
    "forward the socket and use that: ssh -N -L /tmp/docker.sock:/var/run/docker.sock HOST, "
    "then portside --host /tmp/docker.sock"
)
_UNSUPPORTED = {
    "ssh": ("ssh:// endpoints are not supported yet", _SSH_HINT),
    "npipe": ("npipe:// is a Windows pipe", "Portside runs on Linux and macOS; on Windows use it inside WSL"),
    "fd": (
        "fd:// is for daemons started by systemd",
        "name the socket that systemd listens on: unix:///run/docker.sock",
    ),
}


def normalise(text: str, *, source: str, tls: bool = False) -> tuple[str, bool]:
    """The URL in normal form, and whether its scheme asks for TLS.

    Args:
        text: What was written.
        source: Who wrote it, for the error's text: ``--host``, ``DOCKER_HOST``...
        tls: Whether TLS is asked for elsewhere; decides the default port only.

    Returns:
        ``unix:///absolute/path`` or ``tcp://host:port`` (IPv6 in brackets), and True for ``https``.

    Raises:
        InvalidRequest: when it is none of the forms; the message says which there are.
        Unsupported: for ``ssh``, ``npipe`` and ``fd``, with what to do instead.
    """
    if not text.strip() or not text.isprintable():
        raise _invalid(source, "it is empty" if not text.strip() else f"{text!a} has control characters")
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        if scheme.startswith("/"):
            return f"unix://{scheme}", False
        scheme, rest = "tcp", scheme
        if ":" not in rest:
            raise _invalid(source, f"{text!r} has neither a scheme nor a port")
    scheme = scheme.lower()
    if scheme in _UNSUPPORTED:
        detail, hint = _UNSUPPORTED[scheme]
        raise Unsupported(f"{source}: {detail}", target=text, hint=hint, capability=f"{scheme} transport")
    if scheme == "unix":
        if not rest.startswith("/"):
            raise _invalid(source, f"{text!r} names no absolute path")
        return f"unix://{rest}", False
    if scheme not in {"tcp", "http", "https"}:
        raise _invalid(source, f"{scheme!r} is not a scheme that engines use")
    secure = scheme == "https"
    default = {"http": 80, "https": 443}.get(scheme, TLS_PORT if tls else PLAIN_PORT)
    return f"tcp://{_address(rest, default, source)}", secure


def split(url: str) -> tuple[str, int]:
    """Host (without brackets) and port of a normalised ``tcp://`` URL."""
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    return host.strip("[]"), int(port)


def _address(rest: str, default: int, source: str) -> str:
    authority, _, path = rest.partition("/")
    if "@" in authority:
        # What stands before the @ may be a password: it is not repeated.
        raise _invalid(source, "user names and passwords do not belong into an engine's URL")
    if path.strip("/"):
        raise _invalid(source, f"{rest!r} has a path; only host and port are used")
    if authority.startswith("["):
        host, bracket, tail = authority[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise _invalid(source, f"{authority!r} is not an IPv6 address in brackets")
        port, shown = tail[1:], f"[{host}]"
    else:
        host, colon, port = authority.partition(":")
        if ":" in port:
            raise _invalid(source, f"{authority!r}: an IPv6 address must stand in brackets")
        shown = host
        port = port if colon else ""
    if not host or any(char.isspace() for char in host):
        raise _invalid(source, f"{rest!r} names no host")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _invalid(source, f"{port!r} is not a port (1 to 65535)")
    return f"{shown}:{int(port) if port else default}"


def _invalid(source: str, detail: str) -> InvalidRequest:
    return InvalidRequest(f"{source}: {detail}", hint=f"allowed are {FORMS}")
