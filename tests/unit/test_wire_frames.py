from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.runtime.errors import ProtocolViolation, StreamBroken
from tui.runtime.wire.frames import Frame, FrameDecoder


def frame(number: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", number, len(payload)) + payload


WIRE = frame(1, b"out\n") + frame(2, b"err\n") + frame(1, b"") + frame(0, b"echo") + frame(3, b"broken")
FRAMES: list[Frame] = [
    ("stdout", b"out\n"),
    ("stderr", b"err\n"),
    ("stdout", b""),
    ("stdout", b"echo"),
    ("error", b"broken"),
]


def test_frames_are_the_same_wherever_the_input_is_split() -> None:
    for cut in range(len(WIRE) + 1):
        decoder = FrameDecoder()
        assert decoder.feed(WIRE[:cut]) + decoder.feed(WIRE[cut:]) == FRAMES, cut
        decoder.finish()


def test_frames_survive_single_bytes() -> None:
    decoder = FrameDecoder()
    assert [one for index in range(len(WIRE)) for one in decoder.feed(WIRE[index : index + 1])] == FRAMES


@given(
    payloads=st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=8),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_any_frames_in_any_pieces(payloads: list[tuple[int, bytes]], cuts: list[int]) -> None:
    wire = b"".join(frame(number, payload) for number, payload in payloads)
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    decoder = FrameDecoder()
    got = [one for start, end in pairwise(edges) for one in decoder.feed(wire[start:end])]
    assert got == [("stdout" if number == 1 else "stderr", payload) for number, payload in payloads]
    decoder.finish()


@pytest.mark.parametrize(
    "junk", [b"hello world", b"\x04\0\0\0\0\0\0\1x", b"\x01\0\1\0\0\0\0\1x", b"[info] a plain log line"]
)
def test_what_is_no_frame_is_a_violation(junk: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        FrameDecoder().feed(junk)


def test_junk_after_a_frame_is_a_violation() -> None:
    with pytest.raises(ProtocolViolation):
        FrameDecoder().feed(frame(1, b"fine") + b"HTTP/1.1 400")


def test_the_limit_holds_before_the_payload_arrives() -> None:
    with pytest.raises(ProtocolViolation, match="11"):
        FrameDecoder(limit=10).feed(struct.pack(">BxxxL", 1, 11))
    assert FrameDecoder(limit=10).feed(frame(1, b"0123456789")) == [("stdout", b"0123456789")]


@pytest.mark.parametrize("cut", range(1, len(frame(1, b"abc"))))
def test_ending_inside_a_frame_is_a_break(cut: int) -> None:
    decoder = FrameDecoder()
    assert decoder.feed(frame(1, b"abc")[:cut]) == []
    with pytest.raises(StreamBroken):
        decoder.finish()
