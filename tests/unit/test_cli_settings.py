"""Settings: four sources in order, and errors that name the place, the key and what is allowed."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from tui.config.settings import OPTIONS, Settings, SettingsError, default_path, load


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}


def test_defaults(env: dict[str, str]) -> None:
    settings = load(env=env)
    assert settings == Settings()
    assert settings.demo == "off"
    assert settings.mouse
    assert not settings.read_only


def test_every_option_is_a_setting_with_a_default_of_its_kind() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(Settings)}
    for key, option in OPTIONS.items():
        assert type(fields[key]) is option.kind


def test_each_source_beats_those_after_it(tmp_path: Path, env: dict[str, str]) -> None:
    path = config(tmp_path, 'theme = "file"\nfilter = "file"\nread_only = true\n')
    env |= {"PORTSIDE_THEME": "env", "PORTSIDE_FILTER": "env"}
    settings = load({"theme": "command line"}, env=env, config=path)
    assert (settings.theme, settings.filter, settings.read_only) == ("command line", "env", True)
    assert settings.config == path


def test_which_file_is_read(tmp_path: Path, env: dict[str, str]) -> None:
    usual = default_path(env)
    assert usual == tmp_path / "xdg" / "portside" / "config.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text('theme = "usual"')
    assert (load(env=env).theme, load(env=env).config) == ("usual", usual)
    env["PORTSIDE_CONFIG"] = str(tmp_path / "env.toml")
    (tmp_path / "env.toml").write_text('theme = "env"')
    assert load(env=env).theme == "env"
    assert load(env=env, config=config(tmp_path, 'theme = "named"')).theme == "named"


def test_the_usual_place_without_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME")
    path = default_path({})
    assert path.is_relative_to(tmp_path)
    assert path.parts[-2:] == ("portside", "config.toml")


def test_a_named_file_must_exist(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"nothing.toml: there is no such file"):
        load(env=env, config=tmp_path / "nothing.toml")
    with pytest.raises(SettingsError, match=r"other.toml: there is no such file"):
        load(env=env | {"PORTSIDE_CONFIG": str(tmp_path / "other.toml")})
    with pytest.raises(SettingsError, match=r"cannot be read: Is a directory"):
        load(env=env, config=tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("read-only = true", r"config.toml: read-only: there is no such setting; there are read_only, .*\[keys\]"),
        ("read_only = 1", r"config.toml: read_only must be true or false; it is 1"),
        ("theme = 3", r"theme must be a text in quotes; it is 3"),
        ("demo_containers = true", r"demo_containers must be a whole number; it is True"),
        ("demo_containers = 0", r"demo_containers must be between 1 and 5000; it is 0"),
        ('demo = "yes"', r"demo must be one of off, on, auto; it is 'yes'"),
        ("theme = \n", r"config.toml: .*line 1"),
        ("keys = 1", r"\[keys\] must be a table"),
        ("[keys]\nlogs = 1", r"keys.logs must be keys in quotes, separated by commas; it is 1"),
        ("[other]\na = 1", r"other: there is no such setting"),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, env: dict[str, str], text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(env=env, config=config(tmp_path, text))


def test_a_file_that_is_not_text(tmp_path: Path, env: dict[str, str]) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'theme = "\xff"')
    with pytest.raises(SettingsError, match=r"config.toml: 'utf-8' codec"):
        load(env=env, config=path)


def test_keys_are_data(tmp_path: Path, env: dict[str, str]) -> None:
    settings = load(env=env, config=config(tmp_path, '[keys]\nlogs = "l,L"\n"container.stop" = "ctrl+x"\n'))
    assert settings.keys == {"logs": "l,L", "container.stop": "ctrl+x"}
    with pytest.raises(TypeError):
        settings.keys["logs"] = "x"  # type: ignore[index]  # that it is read-only is what is tested


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("PORTSIDE_READ_ONLY", "1", "read_only", True),
        ("PORTSIDE_READ_ONLY", "Off", "read_only", False),
        ("PORTSIDE_MOUSE", "no", "mouse", False),
        ("PORTSIDE_DEMO", "auto", "demo", "auto"),
        ("PORTSIDE_DEMO_CONTAINERS", "500", "demo_containers", 500),
        ("PORTSIDE_ASCII", "yes", "ascii", True),
        ("PORTSIDE_THEME", "", "theme", ""),
        ("NO_COLOR", "1", "no_color", True),
        ("NO_COLOR", "", "no_color", False),
        ("PORTSIDE_LOG", "/tmp/x.log", "log", Path("/tmp/x.log")),
    ],
)
def test_the_environment(env: dict[str, str], name: str, text: str, key: str, value: Any) -> None:
    assert getattr(load(env=env | {name: text}), key) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("PORTSIDE_READ_ONLY", "maybe", r"PORTSIDE_READ_ONLY must be 1 or 0 .*; it is 'maybe'"),
        ("PORTSIDE_DEMO_CONTAINERS", "many", r"PORTSIDE_DEMO_CONTAINERS must be a whole number; it is 'many'"),
        ("PORTSIDE_DEMO", "always", r"PORTSIDE_DEMO must be one of off, on, auto"),
    ],
)
def test_mistakes_in_the_environment(env: dict[str, str], name: str, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(env=env | {name: text})


def test_mistakes_on_the_command_line(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"--demo-containers must be between 1 and 5000; it is 9999"):
        load({"demo_containers": 9999}, env=env)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "XDG_CONFIG_HOME" in os.environ
    monkeypatch.setenv("PORTSIDE_THEME", "mine")
    assert load().theme == "mine"
