"""The help screen's text, made from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.resources.catalogue import keys_table
from tui.resources.commands import APP, MOVE, OPEN, PANES, VIEW
from widgets.text import fit

_BOLD, _KEY, _DIM, _RESET = "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[0m"

# What people look up first comes first.
_ORDER = {group: place for place, group in enumerate(("Containers", "Images", OPEN, VIEW, PANES, MOVE, APP))}

LOG_KEYS = (
    ("f", "follow the newest line, or pause"),
    ("/", "search: plain text, or /regular expression/"),
    ("n N", "next, previous match"),
    ("w", "wrap long lines"),
    ("t", "show times"),
    ("h l", "scroll sideways"),
    ("g G", "first line, last line"),
    ("C", "clear"),
)


def help_lines(keys: Mapping[str, Sequence[str]], *, read_only: bool = False) -> list[str]:
    """Every key by group, with one sentence each; the log view's own keys at the end."""
    rows = sorted(keys_table(keys, read_only=read_only), key=lambda row: _ORDER.get(row.group, len(_ORDER)))
    width = max(len(row.keys) for row in rows)
    titles = max(len(row.title) for row in rows)
    lines: list[str] = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            lines += ["", f"{_BOLD}{group}{_RESET}"] if lines else [f"{_BOLD}{group}{_RESET}"]
        lines.append(f"  {_KEY}{fit(row.keys, width)}{_RESET}  {fit(row.title, titles)}  {_DIM}{row.help}{_RESET}")
    lines += ["", f"{_BOLD}In a log, an inspect or this help{_RESET}"]
    lines += [f"  {_KEY}{fit(key, width)}{_RESET}  {text}" for key, text in LOG_KEYS]
    lines += [
        "",
        f"{_BOLD}In a shell{_RESET}",
        f"  {_KEY}{fit('^p ^q', width)}{_RESET}  detach: leave the shell running and come back",
        "",
        f"{_DIM}Every key can be changed: [keys] in the configuration file, by the ids of the README.{_RESET}",
    ]
    return lines
