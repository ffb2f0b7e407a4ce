"""From the command line to the running application, by the shortest way.

Textual takes 150 ms to import, 83 % of the time to the first frame. So what can be known before is found out before:
mistakes end without it, and the engine works on its container list while it is being imported.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from tui.cli import args as command_line

if TYPE_CHECKING:
    from tui.config.settings import Settings
    from tui.runtime.endpoints import Discovery
    from tui.runtime.registry import Prefetched


class Exit(IntEnum):
    """What the process says to whoever started it."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    UNREACHABLE = 3


def entry() -> None:
    """The console script."""
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # as a shell reports SIGINT; the application itself handles ctrl+c as a key
    sys.exit(code)


def main(argv: Sequence[str]) -> int:
    """Run Portside and return its exit code. What is not expected is raised, after the terminal has been restored."""
    # Nothing of what is allocated while starting is garbage: collecting costs 10 of 150 ms. The application turns it
    # on again after its first frame, with the start's objects frozen.
    gc.disable()
    try:
        return _run(argv)
    finally:
        gc.enable()


def _run(argv: Sequence[str]) -> int:
    from tui.config.settings import SettingsError, load

    arguments = command_line.parse(argv)
    try:
        settings = load(arguments.overrides, config=arguments.config)
        if settings.log is not None:
            _log_to(settings)
    except SettingsError as exc:
        return _fail(Exit.USAGE, str(exc))

    from tui.runtime import endpoints
    from tui.runtime.errors import InvalidRequest

    if settings.demo == "on":
        discovery = endpoints.Discovery(None, ())
    else:
        try:
            discovery = endpoints.discover(arguments.host, arguments.context)
        except InvalidRequest as exc:
            return _fail(Exit.USAGE, exc.detail, exc.hint)
        wrong = _wrong_choice(discovery)
        if wrong:
            return _fail(Exit.USAGE, *wrong)

    # The file descriptors themselves: Textual reads 0 and draws on 2.
    missing = [name for fd, name in enumerate(("stdin", "stdout", "stderr")) if not os.isatty(fd)]
    if missing:
        if discovery.chosen is None and settings.demo == "off":
            return _unreachable(discovery)
        return _fail(Exit.USAGE, f"Portside needs a terminal; this is none: {', '.join(missing)}")
    return _open(settings, discovery)


def _open(settings: Settings, discovery: Discovery) -> int:
    if discovery.chosen is None:
        return _run_app(settings, discovery, None)
    from tui.cli import firstframe
    from tui.runtime import registry

    prefetch = registry.prefetch(discovery.chosen)
    try:
        # A filter is not applied there, and ASCII is put in place by Textual.
        if not (settings.filter or settings.ascii):
            firstframe.show(prefetch, discovery.chosen.name)
        return _run_app(settings, discovery, prefetch, firstframe.taken_over)
    finally:
        firstframe.undo()


def _run_app(
    settings: Settings, discovery: Discovery, prefetch: Prefetched | None, on_screen: Callable[[], None] | None = None
) -> int:
    from tui import app

    if settings.theme:
        there = _themes()
        if settings.theme not in there:
            from tui.cli import firstframe

            firstframe.undo()
            return _fail(Exit.USAGE, f"there is no theme {settings.theme!r}", f"there are {', '.join(there)}")
    return app.run(settings=settings, discovery=discovery, prefetch=prefetch, on_screen=on_screen)


def _themes() -> list[str]:
    """The names that ``--theme`` takes; asked for once Textual is loaded anyway."""
    from textual.theme import BUILTIN_THEMES

    from tui.themes import THEMES

    return sorted({*BUILTIN_THEMES, *(theme.name for theme in THEMES)})


def _wrong_choice(discovery: Discovery) -> tuple[str, str] | None:
    """Message and hint when what the command line named is no endpoint at all: waiting would not help."""
    for result in discovery.tried:
        fault = result.candidate.fault
        if fault is not None and result.candidate.source in {"--host", "--context"}:
            return fault.detail, fault.hint
    return None


def _unreachable(discovery: Discovery) -> int:
    lines = ["no container engine answers"]
    for result in discovery.tried:
        error = result.error
        if error is not None:
            lines.append(f"  {result.candidate.describe()}: {error.detail or error}")
            if error.hint:
                lines.append(f"      {error.hint}")
    return _fail(Exit.UNREACHABLE, "\n".join(lines))


def _fail(code: Exit, message: str, hint: str = "") -> int:
    from widgets.text import sanitise

    # Line by line: what an engine or a file said must not reach the terminal raw.
    for line in (f"portside: {message}" + (f"\n  {hint}" if hint else "")).split("\n"):
        sys.stderr.write(f"{sanitise(line)}\n")
    return code


def _log_to(settings: Settings) -> None:
    import logging

    from tui.config.settings import SettingsError

    try:
        logging.basicConfig(
            filename=settings.log,
            level=logging.DEBUG,
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )
    except OSError as exc:
        raise SettingsError(f"PORTSIDE_LOG: {settings.log} cannot be written: {exc.strerror}") from exc
