"""Refusals by the engine's words, where its status says less than they do.

dockerd answers 400, 403 or 500 to some of what the state does not allow, not the same in all versions, Podman 500 to
nearly all that goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tui.runtime.errors import ApiError, Conflict, EngineFault, Forbidden, InvalidRequest, NotFound

_WORDS: tuple[tuple[type[ApiError], tuple[str, ...]], ...] = (
    (
        Conflict,
        (
            "active endpoints",
            "already exists",
            "already in use",
            "already used",
            "associated containers",
            "being used",
            "has dependent containers",
        ),
    ),
    (
        NotFound,
        ("failed to find driver", "layer not known", "no such container", "no volume plugin", "unsupported driver"),
    ),
    (Forbidden, ("default network", "marked read-only")),
    (
        InvalidRequest,
        (
            "archive/tar: ",
            "cannot overwrite",
            "invalid change",
            "invalid tar",
            "is an invalid filter",
            "is not a directory",
            "unexpected EOF",
            "unknown container state",
        ),
    ),
)


@contextmanager
def by_words(operation: str, target: str) -> Iterator[None]:
    """Raise what the words of a 400, a 403 or a 5xx mean, chained; other errors pass."""
    try:
        yield
    except (EngineFault, Forbidden, InvalidRequest) as exc:
        for kind, words in _WORDS:
            if any(part in exc.detail for part in words) and not isinstance(exc, kind):
                raise kind(exc.detail, operation=operation, target=target, hint=exc.hint, status=exc.status) from exc
        raise
