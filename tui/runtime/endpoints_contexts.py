"""Docker's configuration as far as endpoints go: ``config.json`` and the contexts beside it, read by hand.

docker-py reads these too, and costs 140 ms at start.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

from tui.runtime.endpoints_model import TlsConfig
from tui.runtime.errors import InvalidRequest, NotFound, TlsFailed

# A context's files are small; this keeps a wrong path (a device, a log) from being read whole.
MAX_BYTES = 1 << 20


def current_context(config_dir: Path) -> str:
    """The name that ``docker context use`` stored, "" when there is none.

    Raises:
        InvalidRequest: when config.json cannot be read or is no JSON object.
    """
    path = config_dir / "config.json"
    config = read_json(path)
    if config is None:
        return ""
    name = config.get("currentContext", "")
    if not isinstance(name, str):
        raise InvalidRequest(f"{path}: currentContext is not a string")
    return name


def context_names(config_dir: Path) -> list[str]:
    """The names of all contexts that can be read, sorted, ``default`` first."""
    names = []
    for path in (config_dir / "contexts" / "meta").glob("*/meta.json"):
        try:
            meta = read_json(path)
        except InvalidRequest:
            continue  # it is reported when it is the one that was asked for; here it only has no name
        name = meta.get("Name") if meta else None
        if isinstance(name, str):
            names.append(name)
    return ["default", *sorted(names)]


def load_context(config_dir: Path, name: str) -> tuple[str, TlsConfig | None]:
    """The host URL of a context as it is stored, and its TLS material.

    Raises:
        NotFound: when there is no such context; the message lists those there are.
        InvalidRequest: when its meta.json is broken or has no docker endpoint.
    """
    import hashlib

    folder = hashlib.sha256(name.encode()).hexdigest()
    path = config_dir / "contexts" / "meta" / folder / "meta.json"
    meta = read_json(path)
    if meta is None:
        there = ", ".join(context_names(config_dir))
        raise NotFound(f"there is no context {name!r}", hint=f"contexts are: {there}")
    endpoints = meta.get("Endpoints")
    docker = endpoints.get("docker") if is_object(endpoints) else None
    host = docker.get("Host") if is_object(docker) else None
    if not is_object(docker) or not isinstance(host, str) or not host:
        raise InvalidRequest(f"context {name!r}: {path} has no docker endpoint", hint=f"docker context rm {name}")
    tls_dir = config_dir / "contexts" / "tls" / folder / "docker"
    verify = docker.get("SkipTLSVerify") is not True
    material = _material(tls_dir)
    if material is None and verify:
        return host, None
    ca, cert, key = material or (None, None, None)
    return host, TlsConfig(ca=ca, cert=cert, key=key, verify=verify)


def tls_from_environment(verify: bool, cert_path: Path) -> TlsConfig:
    """TLS as ``DOCKER_TLS_VERIFY``, ``DOCKER_TLS`` and ``DOCKER_CERT_PATH`` ask for it.

    Raises:
        TlsFailed: when the engine is to be verified and there is no ca.pem to verify it with, as in docker.
    """
    ca, cert, key = _material(cert_path) or (None, None, None)
    if verify and ca is None:
        raise TlsFailed(
            f"DOCKER_TLS_VERIFY is set, and there is no {cert_path / 'ca.pem'}",
            hint="set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem",
        )
    return TlsConfig(ca=ca if verify else None, cert=cert, key=key, verify=verify)


def _material(folder: Path) -> tuple[Path | None, Path | None, Path | None] | None:
    ca, cert, key = (
        path if path.is_file() else None for path in (folder / n for n in ("ca.pem", "cert.pem", "key.pem"))
    )
    return (ca, cert, key) if ca or cert or key else None


def read_small(path: Path) -> bytes | None:
    """What is in a file, None when there is no such file.

    Raises:
        InvalidRequest: when it cannot be read, or is larger than a settings file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise InvalidRequest(f"{path} cannot be read: {exc.strerror}") from exc
    if len(data) > MAX_BYTES:
        raise InvalidRequest(f"{path} is larger than {MAX_BYTES >> 20} MiB")
    return data


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a decoded value is an object."""
    return isinstance(value, dict)


def read_json(path: Path) -> dict[str, object] | None:
    """The JSON object in a file, None when there is no such file.

    Raises:
        InvalidRequest: when it cannot be read, or is something else.
    """
    import json

    data = read_small(path)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except ValueError as exc:
        raise InvalidRequest(f"{path} is not valid JSON: {exc}") from exc
    if not is_object(value):
        raise InvalidRequest(f"{path} is not a JSON object")
    return value
