"""Writes the table of keys into the README from the catalogue, or lists the ids for a key map.

python docs/keys_table.py           rewrite README.md
python docs/keys_table.py --ids     print every id with its default keys
"""

from __future__ import annotations

import sys
from pathlib import Path

from tui.resources.catalogue import default_keys, keys_table

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- keys: made by docs/keys_table.py -->\n", "<!-- end of keys -->"


def table() -> str:
    """The keys by group, as a Markdown table."""
    lines = ["| | keys | |", "| --- | --- | --- |"]
    group = ""
    for row in keys_table():
        keys = " ".join(f"`{key}`" for key in row.keys.split(" "))
        lines.append(f"| {f'**{row.group}**' if row.group != group else ''} | {keys} | {row.help} |")
        group = row.group
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The README with the present table in it."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SystemExit("README.md has lost the marks of the table of keys")
    return head + begin + table() + end + tail


def main() -> None:
    """Write, or list."""
    if sys.argv[1:] == ["--ids"]:
        for id, keys in default_keys().items():
            sys.stdout.write(f"{id:28} {', '.join(keys)}\n")
    else:
        README.write_text(with_table(README.read_text()))


if __name__ == "__main__":
    main()
