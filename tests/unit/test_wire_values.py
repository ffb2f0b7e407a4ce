from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tui.runtime.errors import InvalidRequest, ProtocolViolation
from tui.runtime.wire import values
from tui.runtime.wire.reference import parse_reference
from tui.runtime.wire.times import from_unix, parse_time, rfc3339, unix_time

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        ("2024-05-01T12:00:00.1Z", NOON.replace(microsecond=100000)),
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01T12:00:00", NOON),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        ("yesterday", None),
        (None, None),
        (17, None),
    ],
)
def test_parse_time(text: object, expected: datetime | None) -> None:
    got = parse_time(text)
    assert got == expected
    assert got is None or got.tzinfo is UTC


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(1714564800, NOON), (0, None), (-5, None), (None, None), (True, None), (1e300, None), ("1714564800", None)],
)
def test_from_unix(seconds: object, expected: datetime | None) -> None:
    assert from_unix(seconds) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOON, "1714564800.000000000"),
        (NOON.replace(microsecond=5), "1714564800.000005000"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "1714564800.000000000"),
        ("2024-05-01T12:00:00.123456789Z", "1714564800.123456789"),
        ("2024-05-01T14:00:00.5+02:00", "1714564800.500000000"),
        ("2024-05-01T12:00:00Z", "1714564800.000000000"),
    ],
)
def test_unix_time_keeps_nanoseconds(moment: datetime | str, expected: str) -> None:
    assert unix_time(moment) == expected


@pytest.mark.parametrize("wrong", ["", "now", "2024-05-01", "2024-13-01T00:00:00Z", datetime(2024, 5, 1)])  # noqa: DTZ001 - the naive time is the point
def test_unix_time_refuses(wrong: datetime | str) -> None:
    with pytest.raises(InvalidRequest):
        unix_time(wrong)
    with pytest.raises(InvalidRequest):
        rfc3339(wrong)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOON.replace(microsecond=5), "2024-05-01T12:00:00.000005000Z"),
        ("2024-05-01T14:00:00.123456789+02:00", "2024-05-01T12:00:00.123456789Z"),
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00.000000000Z"),
    ],
)
def test_rfc3339_keeps_nanoseconds(moment: datetime | str, expected: str) -> None:
    assert rfc3339(moment) == expected


def test_a_nanosecond_earlier() -> None:
    assert rfc3339("2024-05-01T12:00:00Z", before=1) == "2024-05-01T11:59:59.999999999Z"


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("nginx", "docker.io/library/nginx:latest", "nginx"),
        ("nginx:1.2", "docker.io/library/nginx:1.2", "nginx:1.2"),
        ("team/app", "docker.io/team/app:latest", "team/app"),
        ("docker.io/nginx", "docker.io/library/nginx:latest", "nginx"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx"),
        ("localhost/app", "localhost/app:latest", "localhost/app"),
        ("host:5000/a/b:t", "host:5000/a/b:t", "host:5000/a/b:t"),
        ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x"),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x"),
        (f"nginx@sha256:{'a' * 64}", f"docker.io/library/nginx@sha256:{'a' * 64}", f"nginx@sha256:{'a' * 64}"),
        (f"a.b/n:1@sha256:{'a' * 64}", f"a.b/n:1@sha256:{'a' * 64}", f"a.b/n:1@sha256:{'a' * 64}"),
    ],
)
def test_references(text: str, full: str, familiar: str) -> None:
    reference = parse_reference(text)
    assert (reference.normalised, reference.familiar) == (full, familiar)
    assert parse_reference(reference.normalised).normalised == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Nginx",
        "nginx:",
        "nginx:a b",
        "a//b",
        "/a",
        "a/",
        "x@sha256:12",
        "x@",
        "../x",
        "-a.b:1/x",
        "n" * 256,
        "a:b:c",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_reference(text)


def test_values_of_the_wrong_kind_become_nothing() -> None:
    raw: values.Raw = {"n": None, "s": "x", "i": 3, "f": 1.9, "l": ["a", None, 2], "d": {"k": 1}, "b": True}
    assert [values.text(raw, key) for key in "nsi?"] == ["", "x", "3", ""]
    assert [values.number(raw, key) for key in "nsif?"] == [0, 0, 3, 1, 0]
    assert [values.known(raw, key) for key in "nsib"] == [None, None, 3, None]
    assert values.known({"size": -1}, "size") is None
    assert [values.flag(raw, key) for key in "nsb"] == [False, False, True]
    assert values.inner(raw, "d") == {"k": 1}
    assert not values.inner(raw, "l")
    assert list(values.inners({"x": [{"a": 1}, None, "b"]}, "x")) == [{"a": 1}]
    assert list(values.inners(raw, "s")) == []
    assert [values.texts(raw, key) for key in "nsld"] == [(), ("x",), ("a", "2"), ()]
    assert values.labels({"l": {"a": "b", "c": None}}, "l") == {"a": "b", "c": ""}
    assert values.labels(raw, "n") == {}


def test_answers_of_the_wrong_shape_are_violations() -> None:
    assert values.expect_objects(None) == []
    assert values.expect_objects([{"a": 1}]) == [{"a": 1}]
    shapes: tuple[object, ...] = ({}, "x", [1], 3)
    for wrong in shapes:
        with pytest.raises(ProtocolViolation):
            values.expect_objects(wrong)
    nothings: tuple[object, ...] = (None, [], "x")
    for nothing in nothings:
        with pytest.raises(ProtocolViolation):
            values.expect_object(nothing)
