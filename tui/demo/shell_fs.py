"""A small file system in memory: what a shell in one of the demo's containers can look at."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.demo.objects import Container

BINARIES = (
    "ash", "bash", "cat", "clear", "date", "echo", "env", "false", "hostname", "id", "ls",
    "printf", "ps", "pwd", "sh", "sleep", "stty", "top", "true", "uname", "whoami",
)  # fmt: skip


class FileSystem:
    """Directories and files by absolute path."""

    def __init__(self) -> None:
        """Begin with the root directory only."""
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = {"/"}
        self.changed: dict[str, int] = {}
        """What clients have put there: 0 for what has been there before, 1 for what is new."""

    def resolve(self, path: str, cwd: str) -> str:
        """The absolute, normal form of `path`."""
        return posixpath.normpath(posixpath.join(cwd, path)).replace("//", "/")

    def add_folder(self, path: str) -> None:
        """Make a directory and those above it."""
        while path not in self.folders:
            self.folders.add(path)
            path = posixpath.dirname(path)

    def add_file(self, path: str, data: bytes) -> None:
        """Make or replace a file, and the directories above it."""
        self.add_folder(posixpath.dirname(path))
        self.files[path] = data

    def put(self, path: str, data: bytes | None) -> None:
        """Take a file, or a directory (None), from a client."""
        self.changed[path] = 0 if self.exists(path) else 1
        parent = posixpath.dirname(path)
        self.changed.setdefault(parent, 0)
        if data is None:
            self.files.pop(path, None)
            self.add_folder(path)
        else:
            self.folders.discard(path)
            self.add_file(path, data)

    def paths(self) -> list[str]:
        """All of them, directories before what is in them."""
        return sorted((*self.files, *self.folders))

    def exists(self, path: str) -> bool:
        """Whether there is a file or a directory."""
        return path in self.files or path in self.folders

    def names(self, folder: str) -> list[str]:
        """The names in a directory, sorted."""
        return sorted(
            posixpath.basename(path)
            for path in (*self.files, *self.folders)
            if path != "/" and posixpath.dirname(path) == folder
        )


def file_system_of(container: Container) -> FileSystem:
    """The container's files; made when somebody first looks."""
    if container.filesystem is None:
        container.filesystem = _build(container)
    return container.filesystem


def _build(container: Container) -> FileSystem:
    system = FileSystem()
    for folder in ("/bin", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/tmp", "/usr/bin", "/var/log"):
        system.add_folder(folder)
    for name in BINARIES:
        system.add_file(f"/bin/{name}", b"\x7fELF\x02\x01\x01\x00demo")
    hostname = container.config["Hostname"]
    addresses = [endpoint.address for endpoint in container.endpoints.values() if endpoint.address]
    hosts = "127.0.0.1\tlocalhost\n" + "".join(f"{address}\t{hostname}\n" for address in addresses)
    texts = {
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": hosts,
        "/etc/os-release": 'ID=portside-demo\nNAME="Portside demo"\nVERSION_ID=1\n',
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        "/etc/resolv.conf": "nameserver 127.0.0.11\noptions ndots:0\n",
        "/srv/plain.txt": "hello\n",
        "/srv/sp ace.txt": "a name with a space\n",
        "/srv/deep/er/config.json": '{"a": 1, "b": [1, 2, 3]}\n',
        "/proc/loadavg": "0.42 0.31 0.25 1/312 42\n",
        "/proc/uptime": "86400.00 172800.00\n",
    }
    if container.image.kind in ("web", "nginx"):
        page = f"<!doctype html><title>{container.name}</title><h1>It works</h1>\n"
        texts |= {"/www/index.html": page, "/www/healthz": "ok\n"}
    for path, text in texts.items():
        system.add_file(path, text.encode("utf-8", "surrogateescape"))
    for mount in container.mounts:
        system.add_folder(mount["Destination"])
    system.add_folder(container.config.get("WorkingDir") or "/")
    return system
