from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.query.plain import PlainQuery, Query, parse


@pytest.mark.parametrize(
    ("text", "haystack", "expected"),
    [
        ("", "anything", True),
        ("   ", "anything", True),
        ("web", "shop-web-1 nginx running", True),
        ("WEB", "shop-web-1", True),
        ("web", "Shop-WEB-1", True),
        ("web nginx", "shop-web-1 nginx", True),
        ("web redis", "shop-web-1 nginx", False),
        ("!redis", "shop-web-1 nginx", True),
        ("!nginx", "shop-web-1 nginx", False),
        ("web !nginx", "shop-web-1 nginx", False),
        ("web !redis", "shop-web-1 nginx", True),
        ("!", "anything", True),
        ("!!x", "a !x", False),
        ("straße", "STRASSE", True),
        ("[/foo]", "label [/foo]", True),
        (".*", "web", False),
    ],
)
def test_words(text: str, haystack: str, expected: bool) -> None:
    assert parse(text).matches(haystack) is expected


def test_the_text_is_kept_and_words_are_counted_once() -> None:
    assert parse("  Web web !Db !db ") == PlainQuery("Web web !Db !db", ("web",), ("db",))


def test_a_query_is_true_only_when_it_can_leave_something_out() -> None:
    assert not parse("")
    assert not parse(" ! ")
    assert parse("a")
    assert parse("!a")


def test_it_is_a_query() -> None:
    query: Query = parse("web")
    assert query.text == "web"
    assert query.matches("a web")


@given(st.text(), st.text())
def test_excluding_is_the_opposite_of_wanting(word: str, haystack: str) -> None:
    words = word.split()
    if len(words) == 1 and not words[0].startswith("!"):
        assert parse(words[0]).matches(haystack) is not parse("!" + words[0]).matches(haystack)


def test_five_thousand_rows_are_quick() -> None:
    rows = [f"shop-web-{n} registry.example.com/team/web:{n} running shop/web 0123456789ab" for n in range(5000)]
    query = parse("web !worker 49")
    started = time.perf_counter()
    found = [row for row in rows if query.matches(row)]
    # About 3 ms on an idle core; the bound only tells a scan from something quadratic.
    assert time.perf_counter() - started < 0.5
    assert len(found) == sum("49" in row for row in rows)
