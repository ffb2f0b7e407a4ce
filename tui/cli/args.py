"""The command line: what can be said, and nothing of what is done with it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tui

_EXAMPLES = """\
where engines are looked for, the first that is set wins:
  --host or --context, DOCKER_HOST, DOCKER_CONTEXT, the current docker context, CONTAINER_HOST,
  then the usual sockets until one answers

examples:
  portside                               the engine that docker would use
  portside -H tcp://10.0.0.5:2376        a remote engine (TLS: DOCKER_TLS_VERIFY, DOCKER_CERT_PATH)
  portside --context staging             an engine by the name of its docker context
  portside --read-only --filter web      look, do not touch; only what matches "web"
  portside --demo                        an embedded engine to play with, nothing of yours is touched

environment: PORTSIDE_CONFIG, PORTSIDE_LOG, PORTSIDE_READ_ONLY, PORTSIDE_MOUSE, PORTSIDE_THEME,
  PORTSIDE_FILTER, PORTSIDE_DEMO, PORTSIDE_DEMO_CONTAINERS, PORTSIDE_ASCII, NO_COLOR

exit codes: 0 ok, 1 failure, 2 usage, 3 no engine reachable, 4 refused
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line, parsed.

    Attributes:
        host: ``--host``, or None.
        context: ``--context``, or None.
        config: ``--config``, or None.
        overrides: Settings that were given, by field name of `tui.config.settings.Settings`.
    """

    host: str | None = None
    context: str | None = None
    config: Path | None = None
    overrides: dict[str, Any] = field(default_factory=dict)


def parser() -> argparse.ArgumentParser:
    """The parser. Options that are also settings have no default here: not given is not the same as off."""
    result = argparse.ArgumentParser(
        prog="portside",
        description="A live terminal dashboard for containers.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    add = result.add_argument
    add("-H", "--host", metavar="URL", help="engine to use: unix:///path, /path, tcp://host:port, https://host:port")
    add("--context", metavar="NAME", help="docker context to use")
    add(
        "--demo",
        nargs="?",
        const="on",
        choices=("on", "off", "auto"),
        metavar="auto",
        help="use the embedded demo engine; with =auto only when no engine answers",
    )
    add("--demo-containers", type=int, metavar="N", help="how many containers the demo engine has")
    add("--read-only", action="store_true", help="hide and refuse everything that changes an engine")
    add("--filter", metavar="EXPR", help="start with this filter on the containers")
    add("--theme", metavar="NAME", help="colour theme")
    add("--no-mouse", dest="mouse", action="store_false", help="leave the mouse to the terminal, to select text")
    add("--config", type=Path, metavar="FILE", help="configuration file instead of the user's own")
    add("--version", action="version", version=f"portside {tui.__version__}")
    return result


def parse(argv: Sequence[str]) -> Arguments:
    """Parse; on ``--help``, ``--version`` and mistakes argparse prints and raises SystemExit (0, 0 and 2)."""
    given = vars(parser().parse_args(argv))
    return Arguments(
        host=given.pop("host", None),
        context=given.pop("context", None),
        config=given.pop("config", None),
        overrides=given,
    )
