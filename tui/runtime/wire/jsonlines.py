"""JSON messages out of a byte stream: events, stats, the progress of a pull."""

from __future__ import annotations

import json
from typing import Any

from tui.runtime.errors import ProtocolViolation, StreamBroken

# An event with a thousand labels is 100 kB; a build's longest line is a few. 8 MiB is a broken peer.
MESSAGE_LIMIT = 8 << 20


class JsonMessages:
    r"""Splits a stream into JSON objects, which engines separate by ``\n``, ``\r\n`` or nothing at all."""

    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        """Accept messages of at most `limit` bytes."""
        self._limit = limit
        self._buffer = bytearray()
        self._scan = json.JSONDecoder().raw_decode

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The objects that `data` completes.

        Raises:
            ProtocolViolation: for what is not a JSON object, or a message above the limit.
        """
        self._buffer += data
        # Only a line end or a closing brace can complete a message: without one, nothing is scanned again.
        if b"\n" not in data and b"}" not in data:
            self._check(len(self._buffer))
            return []
        messages: list[dict[str, Any]] = []
        *lines, rest = self._buffer.split(b"\n")
        for line in lines:
            self._check(len(line))
            left = self._decode(line, messages)
            if left:
                raise ProtocolViolation(f"not a JSON message: {left[:80]!r}")
        # No line end need follow: an engine that sends none would otherwise be one message late for ever.
        if rest.rstrip().endswith(b"}"):
            rest = bytearray(self._decode(rest, messages).encode())
        self._check(len(rest))
        self._buffer = rest
        return messages

    def finish(self) -> None:
        """Tell that the stream has ended.

        Raises:
            StreamBroken: when it ended inside a message.
        """
        if self._buffer.strip():
            raise StreamBroken("the stream ended inside a message")

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise ProtocolViolation(f"a message of more than {self._limit} bytes")

    def _decode(self, data: bytearray, messages: list[dict[str, Any]]) -> str:
        """Append the complete objects at the start of `data`; what is left over."""
        text = data.decode("utf-8", "replace").strip()
        while text:
            try:
                value, end = self._scan(text)
            except ValueError:
                return text
            except RecursionError as exc:
                raise ProtocolViolation("a message nested too deeply") from exc
            if not isinstance(value, dict):
                raise ProtocolViolation(f"not a JSON object: {text[:80]!r}")
            messages.append(value)
            text = text[end:].lstrip()
        return ""
