"""What operations on containers give back: changes, paths, results of runs and prunes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tui.runtime.models import ContainerId


class ChangeKind(Enum):
    """What happened to a path of a container since its image."""

    MODIFIED = 0
    ADDED = 1
    DELETED = 2
    UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Change:
    """One path of a container's file system that is not as in its image."""

    path: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class PathStat:
    """A file or directory in a container."""

    name: str
    size: int
    """Bytes; for a directory what its own entry takes."""
    mode: int
    """Permission bits, as in ``os.stat``, without the type."""
    is_dir: bool = False
    modified: datetime | None = None
    link_target: str = ""
    """Where a symbolic link leads, "" for all else."""

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return bool(self.link_target)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a container that was run to its end has ended. Any exit code is an answer."""

    id: ContainerId
    exit_code: int
    stdout: bytes
    """What it wrote, at most as much as was asked for; all of it, for a container with a TTY."""
    stderr: bytes
    removed: bool = False


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What a prune removed: ids of containers, names of volumes and networks."""

    removed: tuple[str, ...] = ()
    reclaimed: int = 0
    """Bytes, where the engine counts them."""
