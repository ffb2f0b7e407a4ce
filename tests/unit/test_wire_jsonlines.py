from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.runtime.errors import ProtocolViolation, StreamBroken
from tui.runtime.wire.jsonlines import JsonMessages

VALUES: list[dict[str, Any]] = [{"a": 1}, {"b": {"c": "}{\n"}}, {"d": 'ü😀\\"', "e": []}, {}]


@pytest.mark.parametrize("separator", ["\n", "\r\n", ""])
def test_messages_are_the_same_wherever_the_input_is_split(separator: str) -> None:
    wire = "".join(json.dumps(value, ensure_ascii=False) + separator for value in VALUES).encode()
    for cut in range(len(wire) + 1):
        messages = JsonMessages()
        assert messages.feed(wire[:cut]) + messages.feed(wire[cut:]) == VALUES, cut
        messages.finish()


@given(
    st.lists(st.dictionaries(st.text(max_size=4), st.one_of(st.text(max_size=6), st.integers())), max_size=5),
    st.sampled_from(["\n", "\r\n", ""]),
)
def test_single_bytes(values: list[dict[str, Any]], separator: str) -> None:
    wire = "".join(json.dumps(value) + separator for value in values).encode()
    messages = JsonMessages()
    assert [one for index in range(len(wire)) for one in messages.feed(wire[index : index + 1])] == values


def test_a_message_does_not_wait_for_the_line_end() -> None:
    assert JsonMessages().feed(b'{"a":1}') == [{"a": 1}]


def test_a_message_before_an_unfinished_one_comes_with_the_next_brace() -> None:
    messages = JsonMessages()
    first = messages.feed(b'{"a":1}{"b":')
    assert first + messages.feed(b"2}") == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("junk", [b"hello\n", b"[1]\n", b"3\n", b'{"a":1} x\n', b'{"a":\n', b"[" * 100_000 + b"}\n"])
def test_what_is_no_message_is_a_violation(junk: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        JsonMessages().feed(junk)


def test_the_limit_holds_with_and_without_a_line_end() -> None:
    with pytest.raises(ProtocolViolation, match="20"):
        JsonMessages(limit=20).feed(b'{"a":"' + b"x" * 20)
    with pytest.raises(ProtocolViolation, match="20"):
        JsonMessages(limit=20).feed(b'{"a":"' + b"x" * 20 + b'"}\n')
    assert JsonMessages(limit=20).feed(b'{"a":1}\n' * 10) == [{"a": 1}] * 10


def test_ending_inside_a_message_is_a_break() -> None:
    messages = JsonMessages()
    assert messages.feed(b'{"a":1}\r\n{"b"') == [{"a": 1}]
    with pytest.raises(StreamBroken):
        messages.finish()


def test_a_clean_end() -> None:
    messages = JsonMessages()
    assert messages.feed(b'{"a":1}\r\n \n') == [{"a": 1}]
    messages.finish()
