"""The engine's multiplexed output: frames of eight bytes of header and a payload."""

from __future__ import annotations

from struct import Struct

from tui.runtime.errors import ProtocolViolation, StreamBroken

Frame = tuple[str, bytes]

_HEADER = Struct(">LL")
_SIZE = _HEADER.size
# The first word is the stream's number and three zero bytes. Stream 0 is an echo of the input; 3 is an error of
# the engine's own, in the middle of the container's output.
_STREAMS = {0 << 24: "stdout", 1 << 24: "stdout", 2 << 24: "stderr", 3 << 24: "error"}
# dockerd cuts log messages at 16 KiB and exec output at 32 KiB; with json-file's `max-size` lines of 1 MB are seen.
FRAME_LIMIT = 16 << 20


class FrameDecoder:
    """Splits a multiplexed stream into ``(stream, payload)``: ``stdout``, ``stderr`` or ``error``."""

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        """Accept payloads of at most `limit` bytes."""
        self._limit = limit
        self._buffer = bytearray()
        self._needed = _SIZE

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes.

        Raises:
            ProtocolViolation: for what is no header (a container with a TTY is not framed), or above the limit.
        """
        if self._buffer:
            self._buffer += data
            # Nothing is looked at again before it can be complete: a large frame in small pieces stays linear.
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
        frames: list[Frame] = []
        position, end = 0, len(data)
        unpack, limit = _HEADER.unpack_from, self._limit
        needed = _SIZE
        while end - position >= _SIZE:
            word, length = unpack(data, position)
            stream = _STREAMS.get(word)
            if stream is None:
                raise ProtocolViolation(f"not a frame of output: {data[position : position + _SIZE].hex(' ')}")
            if length > limit:
                raise ProtocolViolation(f"a frame of {length} bytes, more than {limit}")
            start = position + _SIZE
            if end - start < length:
                needed = _SIZE + length
                break
            position = start + length
            frames.append((stream, data[start:position]))
        self._needed = needed
        self._buffer = bytearray(data[position:])
        return frames

    def finish(self) -> None:
        """Tell that the stream has ended.

        Raises:
            StreamBroken: when it ended inside a frame.
        """
        if self._buffer:
            raise StreamBroken("the stream ended inside a frame of output")
