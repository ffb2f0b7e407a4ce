"""Image references: ``nginx``, ``ghcr.io/team/app:1.2``, ``host:5000/app@sha256:…``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.runtime.errors import InvalidRequest

HUB = "docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}", re.ASCII)
_NAME_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference. ``tag`` and ``digest`` are "" where none was given."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """``docker.io/library/nginx``: what the engine pulls by."""
        return f"{self.domain}/{self.path}"

    @property
    def normalised(self) -> str:
        """The full form, ``latest`` where neither tag nor digest was given."""
        tag = self.tag or ("" if self.digest else "latest")
        return self.name + (f":{tag}" if tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def familiar(self) -> str:
        """As people write it: without what is understood."""
        name = self.name
        if self.domain == HUB:
            name = self.path.removeprefix("library/") if self.path.count("/") == 1 else self.path
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse_reference(text: str) -> Reference:
    """Parse as Docker does: the first part is a registry when it has a dot or a port, or is ``localhost``.

    Raises:
        InvalidRequest: when it is no reference, with what is wrong.
    """
    if not text.strip():
        raise InvalidRequest("an empty image reference")
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise InvalidRequest(f"not a digest: {digest!r}", hint="Such as sha256: and 64 hexadecimal digits")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    tag = ""
    if colon >= 0:
        rest, tag = rest[:colon], rest[colon + 1 :]
        if not _TAG.fullmatch(tag):
            raise InvalidRequest(f"not a tag: {tag!r}", hint="Letters, digits, _ . and -, at most 128")
    first, found, path = rest.partition("/")
    if found and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        domain = first
        if not _DOMAIN.fullmatch(domain):
            raise InvalidRequest(f"not a registry: {domain!r}")
    else:
        domain, path = HUB, rest
    if domain in ("index.docker.io", "registry-1.docker.io"):
        domain = HUB
    if domain == HUB and "/" not in path:
        path = f"library/{path}"
    if not _PATH.fullmatch(path) or len(domain) + 1 + len(path) > _NAME_LIMIT:
        hint = "Repository names are lower case" if path != path.lower() else "Such as nginx, team/app:1.2"
        raise InvalidRequest(f"not an image reference: {text!r}", hint=hint)
    return Reference(domain, path, tag, digest)
