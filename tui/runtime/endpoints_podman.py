"""Podman's connections: what ``podman system connection`` writes, read by hand.

Podman 5 keeps them in ``podman-connections.json``, older ones in ``containers.conf``, where administrators still may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.runtime.endpoints_contexts import is_object, read_json, read_small
from tui.runtime.errors import InvalidRequest, NotFound

SYSTEM_FILES = (Path("/usr/share/containers/containers.conf"), Path("/etc/containers/containers.conf"))
# The files that distributions ship are long and all comments: not worth the 4 ms that importing a parser takes.
_WORTH_PARSING = re.compile(rb"^[ \t]*(?:active_service\b|\[\s*engine\s*\.\s*service_destinations\b)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Connections:
    """All connections that are configured.

    Attributes:
        default: The name of the one to use, "" when none was chosen.
        uris: Where each leads: ``unix://``, ``tcp://`` or ``ssh://``.
    """

    default: str
    uris: Mapping[str, str]

    def uri(self, name: str) -> str:
        """Where a connection leads.

        Raises:
            NotFound: when there is none of that name; the hint lists those there are.
        """
        if name not in self.uris:
            there = ", ".join(sorted(self.uris)) or "none"
            raise NotFound(f"podman has no connection {name!r}", hint=f"connections are: {there}")
        return self.uris[name]


def load_connections(env: Mapping[str, str], home: Path) -> Connections:
    """Read the configuration, the later file of `_files` above the earlier, the JSON file above all.

    Raises:
        InvalidRequest: when a file cannot be read or parsed.
    """
    default, uris = "", dict[str, str]()
    for path in _files(env, home):
        active, found = _from_toml(path)
        default = active or default
        uris |= found
    active, found = _from_json(_json_file(env, home))
    return Connections(active or default, uris | found)


def _files(env: Mapping[str, str], home: Path) -> Iterator[Path]:
    if only := env.get("CONTAINERS_CONF"):
        yield Path(only)
        return
    for path in (*SYSTEM_FILES, _config_dir(env, home) / "containers.conf"):
        yield path
        yield from sorted(path.with_name("containers.conf.d").glob("*.conf"))


def _json_file(env: Mapping[str, str], home: Path) -> Path:
    given = env.get("PODMAN_CONNECTIONS_CONF")
    return Path(given) if given else _config_dir(env, home) / "podman-connections.json"


def _config_dir(env: Mapping[str, str], home: Path) -> Path:
    return Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "containers"


def _from_toml(path: Path) -> tuple[str, dict[str, str]]:
    data = read_small(path)
    if data is None or not _WORTH_PARSING.search(data):
        return "", {}
    import tomllib

    try:
        engine = tomllib.loads(data.decode("utf-8")).get("engine")
    except ValueError as exc:
        raise InvalidRequest(f"{path} is not valid TOML: {exc}") from exc
    if not is_object(engine):
        return "", {}
    return _text(engine.get("active_service")), _uris(engine.get("service_destinations"), "uri")


def _from_json(path: Path) -> tuple[str, dict[str, str]]:
    connection = (read_json(path) or {}).get("Connection")
    if not is_object(connection):
        return "", {}
    return _text(connection.get("Default")), _uris(connection.get("Connections"), "URI")


def _uris(destinations: object, key: str) -> dict[str, str]:
    if not is_object(destinations):
        return {}
    found = {name: _text(one.get(key)) for name, one in destinations.items() if is_object(one)}
    return {name: uri for name, uri in found.items() if uri}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
