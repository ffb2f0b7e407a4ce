from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.runtime.models import LogLine
from tui.runtime.wire.lines import LineAssembler

T1 = "2024-05-01T12:00:00.123456789Z"
T2 = "2024-05-01T12:00:01.5Z"
PODMAN = "2024-05-01T12:00:00+02:00"


def lines(*frames: tuple[str, bytes], timestamps: bool = False, limit: int = 64) -> list[LogLine]:
    assembler = LineAssembler(timestamps=timestamps, limit=limit)
    return assembler.feed(frames) + assembler.finish()


def test_a_frame_is_a_line_and_streams_stay_apart() -> None:
    assert lines(("stdout", b"one\n"), ("stderr", b"two\n")) == [LogLine("stdout", "one"), LogLine("stderr", "two")]


def test_an_unfinished_line_waits_for_its_own_stream() -> None:
    got = lines(("stdout", b"a"), ("stderr", b"x\n"), ("stdout", b"b\n"))
    assert got == [LogLine("stderr", "x"), LogLine("stdout", "ab")]


def test_several_lines_in_a_frame_and_empty_ones() -> None:
    assert lines(("stdout", b"a\n\nb\n")) == [LogLine("stdout", "a"), LogLine("stdout", ""), LogLine("stdout", "b")]
    assert lines(("stdout", b"\n")) == [LogLine("stdout", "")]
    assert lines(("stdout", b"")) == []


def test_times_are_split_off() -> None:
    got = lines(
        ("stdout", f"{T1} one\n".encode()),
        ("stderr", f"{T2} two words\n{T1} three\n".encode()),
        ("stdout", f"{PODMAN} four\n".encode()),
        ("stdout", f"{T1} \n".encode()),
        timestamps=True,
    )
    assert got == [
        LogLine("stdout", "one", T1),
        LogLine("stderr", "two words", T2),
        LogLine("stderr", "three", T1),
        LogLine("stdout", "four", PODMAN),
        LogLine("stdout", "", T1),
    ]


def test_text_that_looks_like_a_time_stays_when_no_times_were_asked_for() -> None:
    assert lines(("stdout", f"{T1} x\n".encode())) == [LogLine("stdout", f"{T1} x")]


def test_the_time_before_the_second_half_of_a_line_is_not_text() -> None:
    got = lines(("stdout", f"{T1} first ".encode()), ("stdout", f"{T2} second\n".encode()), timestamps=True)
    assert got == [LogLine("stdout", "first second", T1)]


def test_a_line_without_a_time_is_kept_whole() -> None:
    assert lines(("stdout", b"no time here\n"), timestamps=True) == [LogLine("stdout", "no time here")]


def test_wrong_utf8_is_replaced() -> None:
    assert lines(("stdout", b"a\xff\xfeb\n")) == [LogLine("stdout", "a\ufffd\ufffdb")]


def test_a_tty_ends_its_lines_with_carriage_returns() -> None:
    assert lines(("raw", b"one\r\ntw"), ("raw", b"o\r"), ("raw", b"\nthree")) == [
        LogLine("raw", "one"),
        LogLine("raw", "two"),
        LogLine("raw", "three"),
    ]


def test_long_lines_come_in_pieces_that_say_so() -> None:
    got = lines(("stdout", b"x" * 150 + b"\nshort\n"), limit=64)
    assert [(len(line.text), line.partial) for line in got] == [(64, True), (64, True), (22, False), (5, False)]


def test_a_line_that_never_ends_is_bounded() -> None:
    assembler = LineAssembler(limit=64)
    got = [line for _ in range(100) for line in assembler.feed([("stdout", b"y" * 50)])]
    assert all(line.partial and len(line.text) == 64 for line in got)
    assert sum(len(line.text) for line in got) + sum(len(line.text) for line in assembler.finish()) == 5000


def test_a_piece_does_not_end_inside_a_character() -> None:
    got = lines(("stdout", "é€😀".encode() * 20 + b"\n"), limit=5)
    assert "".join(line.text for line in got) == "é€😀" * 20
    assert all(len(line.text.encode()) <= 5 for line in got)


def test_bytes_that_are_no_characters_are_bounded_all_the_same() -> None:
    got = lines(("stdout", b"\x80" * 20 + b"\n"), limit=5)
    assert [(line.text, line.partial) for line in got] == [("\ufffd" * 5, True)] * 3 + [("\ufffd" * 5, False)]


def test_a_long_word_without_a_time_is_text() -> None:
    assert [line.time for line in lines(("stdout", b"w" * 100 + b" x\n"), timestamps=True)] == ["", ""]


def test_pieces_carry_the_time_of_their_line() -> None:
    got = lines(("stdout", f"{T1} {'z' * 100}\n".encode()), timestamps=True, limit=40)
    assert [line.time for line in got] == [T1] * 3
    assert "".join(line.text for line in got) == "z" * 100


def test_a_limit_below_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="character"):
        LineAssembler(limit=3)


TEXT = "one\nzwei äöü\n\n😀 four\r\nlast".encode()


def test_raw_text_is_the_same_wherever_it_is_split() -> None:
    whole = lines(("raw", TEXT))
    assert [line.text for line in whole] == ["one", "zwei äöü", "", "😀 four", "last"]
    for cut in range(len(TEXT) + 1):
        assert lines(("raw", TEXT[:cut]), ("raw", TEXT[cut:])) == whole, cut


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=60)), max_size=12))
def test_nothing_is_lost_and_nothing_is_invented(frames: list[tuple[str, bytes]]) -> None:
    got = lines(*frames, limit=16)
    for stream in ("stdout", "stderr"):
        wire = b"".join(payload for name, payload in frames if name == stream)
        text = "".join(line.text + ("" if line.partial else "\n") for line in got if line.stream == stream)
        if wire.isascii():
            plain = wire.decode().replace("\r\n", "\n")
            assert text.replace("\r", "").removesuffix("\n") == plain.replace("\r", "").removesuffix("\n")
        assert all(len(line.text) <= 16 for line in got)
