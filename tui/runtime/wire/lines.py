"""Log lines out of frames (or out of the raw bytes of a TTY): joined, bounded, decoded, their times split off."""

from __future__ import annotations

from collections.abc import Iterable

from tui.runtime.models import LogLine
from tui.runtime.wire.frames import Frame

LINE_LIMIT = 64 << 10
"""Bytes of a line before it is handed on in pieces: a container may write 1 MB without a line end."""

# 2024-05-01T12:00:00.000000000+00:00 has 35 characters, and the shortest, 2024-05-01T12:00:00Z, 20.
_TIME_MIN, _TIME_MAX = 20, 35


class LineAssembler:
    """Joins frames into lines, each stream apart, and cuts lines that are too long."""

    def __init__(self, *, timestamps: bool = False, limit: int = LINE_LIMIT) -> None:
        """Read lines.

        Args:
            timestamps: Whether the engine was asked to put its time before each message.
            limit: Bytes of a line before it is handed on in pieces, at least 4 (one character of UTF-8).
        """
        if limit < 4:
            raise ValueError("a line must have room for a character")
        self._timestamps = timestamps
        self._limit = limit
        self._open: dict[str, tuple[bytearray, str]] = {}
        """What has no line end yet, by stream: its bytes and its time."""

    def feed(self, frames: Iterable[Frame]) -> list[LogLine]:
        """The lines that `frames` complete. A line above the limit comes in pieces, all but the last `partial`."""
        lines: list[LogLine] = []
        timestamps, limit, waiting = self._timestamps, self._limit, self._open
        for stream, payload in frames:
            size = len(payload)
            if stream not in waiting and size <= limit and payload.find(b"\n") == size - 1 >= 0:
                # Nearly every frame: one whole line.
                text = payload[: -2 if payload.endswith(b"\r\n") else -1].decode("utf-8", "replace")
                if timestamps:
                    time, text = _split_time(text)
                    lines.append(LogLine(stream, text, time))
                else:
                    lines.append(LogLine(stream, text))
            else:
                self._pieces(stream, payload, lines)
        return lines

    def finish(self) -> list[LogLine]:
        """The log has ended: what was left without a line end."""
        lines = [
            LogLine(stream, bytes(kept).decode("utf-8", "replace").removesuffix("\r"), time)
            for stream, (kept, time) in self._open.items()
            if kept
        ]
        self._open.clear()
        return lines

    def _pieces(self, stream: str, payload: bytes, lines: list[LogLine]) -> None:
        start = 0
        while start < len(payload):
            found = payload.find(b"\n", start)
            end = len(payload) if found < 0 else found
            kept, time = self._open.pop(stream, (None, ""))
            # dockerd puts the time before every message, also before the second half of a line that it has cut.
            if self._timestamps and (kept is None or start == 0):
                again, start = _leading_time(payload, start, end)
                time = time or again
            held = bytearray() if kept is None else kept
            held += payload[start:end]
            start = end + 1
            self._cut(stream, held, time, lines)
            if found < 0:
                self._open[stream] = (held, time)
            else:
                text = bytes(held).decode("utf-8", "replace").removesuffix("\r")
                lines.append(LogLine(stream, text, time))

    def _cut(self, stream: str, held: bytearray, time: str, lines: list[LogLine]) -> None:
        """Hand on pieces of at most the limit, none of them ending inside a character."""
        while len(held) > self._limit:
            end = self._limit
            while end > self._limit - 4 and held[end] & 0xC0 == 0x80:
                end -= 1
            if held[end] & 0xC0 == 0x80:
                end = self._limit  # not UTF-8: any cut is as good
            lines.append(LogLine(stream, bytes(held[:end]).decode("utf-8", "replace"), time, True))
            del held[:end]


def _split_time(text: str) -> tuple[str, str]:
    """The time before a line and the line; "" when there is none."""
    head, found, rest = text.partition(" ")
    if _is_time(head):
        return head, rest if found else ""
    return "", text


def _leading_time(payload: bytes, start: int, end: int) -> tuple[str, int]:
    """The time at `start` and where the text begins; "" and `start` when there is none."""
    space = payload.find(b" ", start, min(end, start + _TIME_MAX + 1))
    stop = end if space < 0 else space
    if stop - start > _TIME_MAX:
        return "", start
    head = payload[start:stop].decode("ascii", "replace")
    return (head, min(stop + 1, end)) if _is_time(head) else ("", start)


def _is_time(head: str) -> bool:
    return _TIME_MIN <= len(head) <= _TIME_MAX and head[10] == "T" and head[4] == head[7] == "-" and head[0].isdecimal()
