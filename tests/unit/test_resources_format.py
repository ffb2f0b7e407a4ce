from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.resources import format as fmt
from tui.runtime.models import Port

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "binary", "decimal"),
    [
        (0, "0B", "0B"),
        (999, "999B", "999B"),
        (1000, "1000B", "1.00kB"),
        (1024, "1.00KiB", "1.02kB"),
        (12_900_000, "12.3MiB", "12.9MB"),
        (133_000_000, "127MiB", "133MB"),
        (1_048_575, "1.00MiB", "1.05MB"),
        (999_600, "976KiB", "1.00MB"),
        (3 << 30, "3.00GiB", "3.22GB"),
        (5 << 60, "5120PiB", "5765PB"),
        (-1, "-", "-"),
    ],
)
def test_sizes(size: int, binary: str, decimal: str) -> None:
    assert fmt.memory_text(size) == binary
    assert fmt.size_text(size) == decimal


@given(st.integers(min_value=0, max_value=1 << 59))
def test_sizes_are_never_wider_than_their_columns(size: int) -> None:
    assert len(fmt.memory_text(size)) <= 8
    assert len(fmt.size_text(size)) <= 7


def test_rates_and_unknown_sizes() -> None:
    assert fmt.rate_text(None) == "-"
    assert fmt.rate_text(1200.0) == "1.20kB/s"
    assert fmt.bytes_or_unknown(None) == "-"
    assert fmt.bytes_or_unknown(5) == "5B"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.0%"), (0.06, "0.1%"), (99.94, "99.9%"), (99.96, "100%"), (1234.5, "1234%")],
)
def test_percent(value: float | None, text: str) -> None:
    assert fmt.percent_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (13 * 86400, "13d"),
        (14 * 86400, "2w"),
        (59 * 86400, "8w"),
        (60 * 86400, "2mo"),
        (729 * 86400, "24mo"),
        (730 * 86400, "2y"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert fmt.age_text(seconds) == text


def test_ages_of_moments() -> None:
    assert fmt.since_text(None, NOW) == ""
    assert fmt.since_text(NOW - timedelta(minutes=3), NOW) == "3m"
    assert fmt.since_text(NOW + timedelta(minutes=3), NOW) == "0s"


def test_moments_keep_their_offset() -> None:
    text = fmt.time_text(NOW)
    assert datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z") == NOW
    assert fmt.time_text(None) == ""


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Up 3 minutes", (True, 180)),
        ("Up 1 second", (True, 1)),
        ("Up Less than a second", (True, 0)),
        ("Up About a minute", (True, 60)),
        ("Up About an hour (healthy)", (True, 3600)),
        ("Up 2 hours (health: starting)", (True, 7200)),
        ("Up 5 weeks (Paused)", (True, 5 * 604800)),
        ("Exited (137) 2 days ago", (False, 172800)),
        ("Exited (0) About a minute ago", (False, 60)),
        ("Exited (-1) 4 months ago", (False, 4 * 2592000)),
        ("Restarting (1) 3 seconds ago", (False, 3)),
        ("Up 2 years", (True, 2 * 31536000)),
        ("Created", None),
        ("Removal In Progress", None),
        ("Up", None),
        ("", None),
        ("\x1b[31mUp 3 minutes", None),
        ("Up 99999999999999999999 minutes", None),
    ],
)
def test_status_ages(status: str, expected: tuple[bool, int] | None) -> None:
    assert fmt.status_age(status) == expected


def test_ids_and_references() -> None:
    assert fmt.short_id("sha256:" + "ab" * 32) == "abababababab"
    assert fmt.short_id("0123456789abcdef") == "0123456789ab"
    assert fmt.image_text("sha256:" + "ab" * 32) == "abababababab"
    assert fmt.image_text("nginx:1.27") == "nginx:1.27"
    assert fmt.image_text("nginx@sha256:" + "cd" * 32) == "nginx@cdcdcdcdcdcd"


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ((), ""),
        ((Port(443),), "443/tcp"),
        ((Port(80, public=8080, host_ip="0.0.0.0"), Port(80, public=8080, host_ip="::")), "8080→80/tcp"),
        ((Port(443), Port(80, public=8080)), "8080→80/tcp, 443/tcp"),
        ((Port(80, public=8080, host_ip="127.0.0.1"),), "127.0.0.1:8080→80/tcp"),
        ((Port(80, public=8080, host_ip="::1"),), "[::1]:8080→80/tcp"),
        (tuple(Port(p, public=p + 1000) for p in (8000, 8001, 8002)), "9000-9002→8000-8002/tcp"),
        ((Port(80, public=1), Port(80, public=2)), "1→80/tcp, 2→80/tcp"),
        ((Port(53, "udp", 53), Port(53, "tcp", 53)), "53→53/tcp, 53→53/udp"),
        ((Port(7002), Port(7000), Port(7001), Port(9000)), "7000-7002/tcp, 9000/tcp"),
        ((Port(80), Port(80, public=8080)), "8080→80/tcp"),
    ],
)
def test_ports(ports: tuple[Port, ...], text: str) -> None:
    assert fmt.ports_text(ports) == text


def test_natural_order() -> None:
    names = ["web-10", "Web-2", "db", "web-1", "10", "9", "", "a9b"]
    assert sorted(names, key=fmt.natural_key) == ["", "9", "10", "a9b", "db", "web-1", "Web-2", "web-10"]


@given(st.text(), st.text())
def test_any_two_texts_can_be_ordered(one: str, other: str) -> None:
    assert isinstance(fmt.natural_key(one) < fmt.natural_key(other), bool)


def test_thousands_of_digits_are_no_error() -> None:
    assert fmt.natural_key("9" * 5000) > fmt.natural_key("1" * 5000)


def test_plural() -> None:
    assert [fmt.plural(n, "layer") for n in (0, 1, 2)] == ["0 layers", "1 layer", "2 layers"]
