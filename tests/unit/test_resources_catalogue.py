from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tui.actions import UiCommand
from tui.resources.catalogue import (
    ACTIONS,
    COMMANDS,
    RESOURCES,
    apply_keymap,
    check_unique,
    default_keys,
    entries,
    key_text,
    keys_table,
)


def command(id: str, *keys: str, context: str = "") -> UiCommand:
    return UiCommand(id, id, keys, "Help.", context=context)


def test_nothing_clashes_by_default() -> None:
    assert check_unique() == []
    assert len(entries()) == len(ACTIONS) + len(COMMANDS) == len({entry.id for entry in entries()})


def test_everything_has_words_and_commands_have_keys() -> None:
    for entry in entries():
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", entry.id)
        assert entry.title
        assert entry.help.endswith(".")
    assert all(entry.keys for entry in COMMANDS.values())


def test_the_keys_people_were_promised() -> None:
    keys = default_keys()
    promised = {
        "app.quit": "q",
        "app.help": "question_mark",
        "app.palette": "colon",
        "view.filter": "slash",
        "container.logs": "l",
        "container.exec": "e",
        "container.start_stop": "s",
        "container.stop_timeout": "S",
        "container.restart": "r",
        "container.pause": "p",
        "container.kill": "K",
        "container.remove": "d",
        "image.remove": "d",
        "container.rename": "R",
        "image.pull": "P",
        "app.jobs": "B",
        "app.messages": "N",
        "connection.demo": "D",
    }
    assert {id: keys[id][0] for id in promised} == promised


@pytest.mark.parametrize(
    ("contexts", "clash"),
    [
        (("", ""), True),
        (("", "containers"), True),
        (("containers", ""), True),
        (("dashboard", "images"), True),
        (("containers", "containers"), True),
        (("containers", "images"), False),
        (("connection", "dashboard"), False),
        (("connection", "containers"), False),
        (("never-heard-of", ""), True),
    ],
)
def test_clashes_are_found_where_both_can_be_reached(contexts: tuple[str, str], clash: bool) -> None:
    problems = check_unique(of=[command("a.a", "x", context=contexts[0]), command("b.b", "x", context=contexts[1])])
    assert problems == (["the key x means both a.a and b.b"] if clash else [])


def test_ids_used_twice_are_found() -> None:
    assert check_unique(of=[command("a.a", "x"), command("a.a", "y")]) == ["the id a.a is used twice"]


def test_one_thing_may_have_a_key_twice() -> None:
    assert check_unique(of=[command("a.a", "x", "x")]) == []


def test_a_keymap_changes_what_it_names() -> None:
    keymap = apply_keymap({"container.remove": "delete, ctrl+x", "app.quit": ["Q"], "container.kill": ""})
    assert keymap.problems == ()
    assert keymap.keys["container.remove"] == ("delete", "ctrl+x")
    assert keymap.keys["app.quit"] == ("Q",)
    assert keymap.keys["container.kill"] == ()
    assert keymap.keys["container.restart"] == ("r",)


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"app.fly": "x"}, "there is no action or command app.fly"),
        ({"app.quit": "not a key"}, "app.quit: 'not a key' is no key"),
        ({"app.quit": "ctrl+"}, "app.quit: 'ctrl+' is no key"),
        ({"app.quit": "\x1b"}, "app.quit: '\\x1b' is no key"),
        ({"container.restart": "s"}, "the key s means both container.start_stop and container.restart"),
        ({"app.quit": "d"}, "the key d means both app.quit and container.remove"),
    ],
)
def test_a_keymap_says_what_is_wrong(overrides: Mapping[str, str], problem: str) -> None:
    keymap = apply_keymap(overrides)
    assert problem in keymap.problems
    if "means both" not in problem:
        assert keymap.keys == default_keys()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("question_mark", "?"),
        ("ctrl+d", "^d"),
        ("escape", "esc"),
        ("x", "x"),
        ("shift+tab", "shift+tab"),
        ("plus", "+"),
    ],
)
def test_keys_as_people_write_them(key: str, text: str) -> None:
    assert key_text(key) == text


def test_the_key_table_has_every_key_once_and_by_group() -> None:
    rows = keys_table()
    assert {row.id for row in rows} == {entry.id for entry in entries() if entry.keys}
    groups = [row.group for row in rows]
    assert groups == [group for group in dict.fromkeys(groups) for _ in range(groups.count(group))]
    assert {row.group for row in rows if row.id in ACTIONS} == {"Containers", "Images"}
    assert next(row for row in rows if row.id == "app.help").keys == "?"


def test_the_key_table_follows_key_map_and_read_only() -> None:
    keymap = apply_keymap({"app.quit": "Q,ctrl+q", "app.help": ""})
    rows = {row.id: row for row in keys_table(keymap.keys)}
    assert rows["app.quit"].keys == "Q ^q"
    assert "app.help" not in rows
    ids = {row.id for row in keys_table(read_only=True)}
    assert "container.exec" not in ids
    assert not ids & set(ACTIONS)
    assert "container.logs" in ids


def test_resources_and_actions_agree() -> None:
    for action in ACTIONS.values():
        assert action.kind in ("", *RESOURCES)
    for resource in RESOURCES.values():
        assert all(action.kind == resource.kind for action in resource.actions)
