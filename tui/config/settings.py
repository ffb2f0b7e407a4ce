"""What the user wants, from four places: command line, environment, configuration file, defaults; the first wins.

A wrong value is an error that names where it stands and what would be allowed. Nothing is guessed and nothing is
dropped: a misspelt ``read-only`` that did nothing would be worse than a program that does not start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Demo = Literal["off", "on", "auto"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_KIND_NAMES = {bool: "true or false", int: "a whole number", str: "a text in quotes"}


class SettingsError(ValueError):
    """A setting that cannot be used. The message says where it stands, what it is and what is allowed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, resolved.

    Attributes:
        read_only: Whether everything that changes the engine is hidden and refused.
        mouse: Whether the terminal reports the mouse to us; without, the terminal selects text itself.
        theme: A theme's name, "" for the default one.
        filter: The filter that the containers start with.
        demo: Whether to use the embedded demo engine: never, always, or when no engine answers.
        demo_containers: How many containers the demo engine has.
        ascii: Whether to draw with ASCII characters only.
        no_color: Whether to do without colours (``NO_COLOR``).
        keys: Key bindings that differ from the preset: command id -> keys separated by commas.
        config: The file that was read, None when there was none.
        log: Where to write a log, None for nowhere.
    """

    read_only: bool = False
    mouse: bool = True
    theme: str = ""
    filter: str = ""
    demo: Demo = "off"
    demo_containers: int = 30
    ascii: bool = False
    no_color: bool = False
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    config: Path | None = None
    log: Path | None = None


class _Option(NamedTuple):
    kind: type[bool] | type[int] | type[str]
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0


# Each is a key of the file, ``PORTSIDE_<KEY>`` in the environment, and a field of `Settings`.
OPTIONS: Mapping[str, _Option] = {
    "read_only": _Option(bool),
    "mouse": _Option(bool),
    "theme": _Option(str),
    "filter": _Option(str),
    "demo": _Option(str, choices=("off", "on", "auto")),
    "demo_containers": _Option(int, minimum=1, maximum=5000),
    "ascii": _Option(bool),
}


def load(
    overrides: Mapping[str, Any] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Settings:
    """Resolve all settings.

    Args:
        overrides: What the command line said, by field name; only what was given.
        env: The environment; the process's own by default.
        config: ``--config``; then ``PORTSIDE_CONFIG``, then the user's ``portside/config.toml`` if there is one.

    Raises:
        SettingsError: for an unknown key, a wrong type or value, or a named file that cannot be read.
    """
    environment = os.environ if env is None else env
    named = config or (Path(environment["PORTSIDE_CONFIG"]) if environment.get("PORTSIDE_CONFIG") else None)
    path = named or default_path(environment)
    values, keys = _from_file(path, must_exist=named is not None)
    found = path if named is not None or values or keys or path.is_file() else None
    values |= _from_environment(environment)
    for key, value in (overrides or {}).items():
        values[key] = _checked(key, value, f"--{key.replace('_', '-')}")
    log = environment.get("PORTSIDE_LOG")
    return Settings(
        **values,
        no_color=bool(environment.get("NO_COLOR")),
        keys=MappingProxyType(keys),
        config=found,
        log=Path(log) if log else None,
    )


def default_path(env: Mapping[str, str]) -> Path:
    """Where the configuration file is when nobody says where."""
    if env.get("XDG_CONFIG_HOME"):
        return Path(env["XDG_CONFIG_HOME"]) / "portside" / "config.toml"
    import platformdirs

    return platformdirs.user_config_path("portside", appauthor=False) / "config.toml"


def _from_file(path: Path, *, must_exist: bool) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if must_exist:
            raise SettingsError(f"{path}: there is no such file") from None
        return {}, {}
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read: {exc.strerror}") from exc
    import tomllib

    try:
        table = tomllib.loads(data.decode())
    except ValueError as exc:  # a TOML error, or bytes that are not UTF-8
        raise SettingsError(f"{path}: {exc}") from exc
    keys = _keys(table.pop("keys", {}), path)
    return {key: _checked(key, value, f"{path}: {key}") for key, value in table.items()}, keys


def _keys(table: object, path: Path) -> dict[str, str]:
    if not isinstance(table, dict):
        raise SettingsError(f'{path}: [keys] must be a table of command ids, for example  logs = "l,L"')
    for id, value in table.items():
        if not isinstance(value, str):
            raise SettingsError(f"{path}: keys.{id} must be keys in quotes, separated by commas; it is {value!r}")
    return dict(table)


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for key, option in OPTIONS.items():
        name = f"PORTSIDE_{key.upper()}"
        text = env.get(name)
        if not text:
            continue
        value: object = text
        if option.kind is bool:
            lower = text.lower()
            if lower not in _TRUE | _FALSE:
                raise SettingsError(f"{name} must be 1 or 0 (true, false, yes, no, on, off); it is {text!r}")
            value = lower in _TRUE
        elif option.kind is int and text.isascii() and text.isdigit():
            value = int(text)
        values[key] = _checked(key, value, name)
    return values


def _checked(key: str, value: object, where: str) -> Any:
    option = OPTIONS.get(key)
    if option is None:
        raise SettingsError(f"{where}: there is no such setting; there are {', '.join((*OPTIONS, '[keys]'))}")
    # type() and not isinstance(): a bool is an int, and ``demo_containers = true`` is a mistake.
    if type(value) is not option.kind:
        raise SettingsError(f"{where} must be {_KIND_NAMES[option.kind]}; it is {value!r}")
    if option.choices and value not in option.choices:
        raise SettingsError(f"{where} must be one of {', '.join(option.choices)}; it is {value!r}")
    if isinstance(value, int) and option.maximum and not option.minimum <= value <= option.maximum:
        raise SettingsError(f"{where} must be between {option.minimum} and {option.maximum}; it is {value}")
    return value
