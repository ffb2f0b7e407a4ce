"""A demonstration: ``python -m widgets.log [FILE]`` shows a file, or a stream of lines."""

from __future__ import annotations

import sys
from itertools import count, islice
from pathlib import Path

from textual.app import App, ComposeResult

from widgets.log.buffer import Entry
from widgets.log.view import LogView


class Demo(App[None]):
    """One log view."""

    def compose(self) -> ComposeResult:  # noqa: D102 - Textual's own
        view = LogView()
        yield view
        if sys.argv[1:]:
            view.extend([Entry(line) for line in Path(sys.argv[1]).read_text("utf-8", "replace").splitlines()])
            return
        lines = (
            Entry(f"\x1b[32mGET\x1b[0m /item/{n} \x1b[2m{n * n} bytes", "stderr" if n % 7 else "stdout")
            for n in count()
        )
        self.set_interval(0.1, lambda: view.extend(islice(lines, 5)))


if __name__ == "__main__":
    Demo().run()
