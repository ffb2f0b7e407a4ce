"""Send only the cells that changed to the terminal.

Textual repaints whole widget lines: one changed cell of a table costs 540 bytes, a repaint without any change 29 kB.
Over SSH that is what a user waits for. `DiffOutput` remembers what it sent and sends the difference: about 50 bytes
for one cell, nothing at all for a repaint without changes.

This reaches into Textual's compositor (`App._display`, `LayoutUpdate`, `ChopsUpdate`, `Strip._segments`), which is
private: a new minor version of Textual needs a look at this module and a run of its tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from widgets.text import is_narrow

# Moving over unchanged cells costs about 5 bytes; up to so many of them in the style at hand are cheaper sent again.
_SHORT_GAP = 4


class _Rendered(LayoutUpdate):
    """An update that is rendered already."""

    def __init__(self, sequence: str) -> None:
        super().__init__([], Region())
        self.sequence = sequence

    def render_segments(self, console: Console) -> str:
        return self.sequence


class _Writer:
    """Collects text, and the shortest moves and style changes that it needs."""

    def __init__(self, color_system: ColorSystem) -> None:
        self._color_system = color_system
        self._parts: list[str] = []
        self._ansi = ""
        self._position = (-1, -1)

    def put(self, x: int, y: int, text: str, width: int, style: Style | None) -> None:
        """Write text that is so many cells wide."""
        if self._position != (x, y):
            # By absolute column: terminals disagree about the width of some characters that may stand before.
            same_line = self._position[1] == y
            self._parts.append(f"\x1b[{x + 1}G" if same_line else f"\x1b[{y + 1};{x + 1}H")
        if style is not None and style._link:
            self._set("")
            self._parts.append(Strip.render_style(style, text, self._color_system))
        else:
            self._set("" if style is None else Strip.render_ansi(style, self._color_system))
            self._parts.append(text)
        self._position = (x + width, y)

    def _set(self, ansi: str) -> None:
        if ansi != self._ansi:
            start = "0;" if self._ansi and ansi else ""
            self._parts.append(f"\x1b[{start}{ansi or '0'}m")
            self._ansi = ansi

    def finish(self) -> str:
        """Everything so far, with the style reset at the end."""
        self._set("")
        return "".join(self._parts)


class _Piece(NamedTuple):
    """A strip that fills a part of a line."""

    x: int
    end: int
    strip: Strip


def _groups(
    old: Sequence[Segment], old_widths: Sequence[int], new: Sequence[Segment], new_widths: Sequence[int]
) -> Iterator[tuple[int, Sequence[Segment], Sequence[Segment]]]:
    """Pair the segments of two strips of one length.

    Yields:
        The first cell, and the shortest runs of segments that begin and end at the same cells in both.
    """
    old_index = new_start = old_start = old_end = new_end = x = 0
    for new_index, width in enumerate(new_widths, 1):
        new_end += width
        while old_end < new_end and old_index < len(old):
            old_end += old_widths[old_index]
            old_index += 1
        if old_end == new_end:
            yield x, old[old_start:old_index], new[new_start:new_index]
            old_start, new_start, x = old_index, new_index, new_end
    if new_start < len(new):  # One of the two is not as long as it says: nothing to compare with.
        yield x, (), new[new_start:]


def _put_ranges(writer: _Writer, x: int, y: int, text: str, style: Style | None, changed: Sequence[int]) -> None:
    """Write some characters of a narrow text, those between them too if that is cheaper than to skip them."""
    if not changed:
        return
    first = last = changed[0]
    for index in changed:
        if index > last + 1 + _SHORT_GAP:
            writer.put(x + first, y, text[first : last + 1], last + 1 - first, style)
            first = index
        last = index
    writer.put(x + first, y, text[first : last + 1], last + 1 - first, style)


def _put_cells(writer: _Writer, x: int, y: int, old: Sequence[Segment], new: Sequence[Segment]) -> None:
    """Write the cells that differ between two runs of narrow characters of one length."""
    before = [(character, segment.style) for segment in old for character in segment.text]
    start = 0
    for text, style, _ in new:
        length = len(text)
        changed = [
            index
            for index, (was, character) in enumerate(zip(before[start : start + length], text, strict=True))
            if was[0] != character or (was[1] is not style and was[1] != style)
        ]
        _put_ranges(writer, x + start, y, text, style, changed)
        start += length


def _put_difference(writer: _Writer, y: int, old: _Piece, new: _Piece) -> None:
    """Write what turns one piece into another of the same place and length."""
    before, after = old.strip._segments, new.strip._segments
    widths_before = [segment.cell_length for segment in before]
    widths_after = [segment.cell_length for segment in after]
    if 0 in widths_before or 0 in widths_after:
        # Marks that stand alone belong to the cell before them, which another segment draws.
        _put_segments(writer, new.x, y, after)
        return
    for offset, olds, news in _groups(before, widths_before, after, widths_after):
        if olds == news:
            continue
        x = new.x + offset
        if olds and all(is_narrow(segment.text) for segment in (*olds, *news)):
            if len(olds) == 1 and len(news) == 1 and olds[0].style == news[0].style:
                text = news[0].text
                changed = [
                    index for index, pair in enumerate(zip(olds[0].text, text, strict=True)) if pair[0] != pair[1]
                ]
                _put_ranges(writer, x, y, text, news[0].style, changed)
            else:
                _put_cells(writer, x, y, olds, news)
        else:  # A wide character must not be cut in two.
            _put_segments(writer, x, y, news)


def _put_segments(writer: _Writer, x: int, y: int, segments: Sequence[Segment]) -> None:
    for segment in segments:
        if segment.text:
            width = segment.cell_length
            writer.put(x, y, segment.text, width, segment.style)
            x += width


class ScreenDiff:
    """What the terminal shows, as far as it is known, and how to get from there to something else."""

    def __init__(self) -> None:
        """Start without knowing anything."""
        self._lines: dict[int, list[_Piece]] = {}

    def forget(self) -> None:
        """Take note that anything may be on the terminal now."""
        self._lines.clear()

    def render(self, update: LayoutUpdate | ChopsUpdate, color_system: ColorSystem) -> str:
        """Render an update of the compositor against what the terminal shows.

        Args:
            update: The update. It counts as shown after this call.
            color_system: What colours the terminal has.

        Returns:
            Terminal sequences; empty if the terminal shows it all already.
        """
        writer = _Writer(color_system)
        pieces = _pieces_of_layout(update) if isinstance(update, LayoutUpdate) else _pieces_of_chops(update)
        for y, piece in pieces:
            self._show(writer, y, piece)
        return writer.finish()

    def _show(self, writer: _Writer, y: int, new: _Piece) -> None:
        line = self._lines.setdefault(y, [])
        for index, old in enumerate(line):
            if old.x == new.x and old.end == new.end:
                if old.strip is not new.strip:
                    _put_difference(writer, y, old, new)
                    line[index] = new
                return
        # Other pieces than before. What remains of those that this one covers in part counts as unknown.
        line[:] = [old for old in line if old.end <= new.x or old.x >= new.end]
        line.append(new)
        _put_segments(writer, new.x, y, new.strip._segments)


def _pieces_of_layout(update: LayoutUpdate) -> Iterator[tuple[int, _Piece]]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            end = x + strip.cell_length
            yield y, _Piece(x, end, strip)
            x = end


def _pieces_of_chops(update: ChopsUpdate) -> Iterator[tuple[int, _Piece]]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            # Pieces that only touch the span may belong to a widget that was not rendered, and show what is below it.
            if strip is not None and x < x2 and end > x1:
                yield y, _Piece(x, x + strip.cell_length, strip)


class DiffOutput(App[ReturnType]):
    """An app that sends only what changed to the terminal.

    Attributes:
        diff_output: Whether it does; otherwise everything goes out as Textual renders it. The environment variable
            ``OUTPUT_DIFF=0`` turns it off from the start.
        bytes_written: Bytes of all frames so far, without the cursor moves and brackets that Textual adds to each.
        frames_written: Frames sent so far.
    """

    diff_output: bool = os.environ.get("OUTPUT_DIFF", "1") != "0"
    bytes_written: int = 0
    frames_written: int = 0
    _screen_diff: ScreenDiff | None = None

    def invalidate_output(self) -> None:
        """Repaint everything: something else wrote to the terminal, or it lost what it showed."""
        self._screen_diff = None
        if self._running and self.screen_stack:
            self.screen.refresh()

    @on(events.Mount)
    def _listen_for_resume(self) -> None:
        """Listen for the return from a suspension."""
        self.app_resume_signal.subscribe(self, lambda _: self.invalidate_output(), immediate=True)

    @on(events.Resize)
    def _invalidate_on_resize(self) -> None:
        """Repaint everything: terminals rearrange or blank lines when they change size, even back and forth."""
        self.invalidate_output()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if (
            self._batch_count
            or not self._running
            or self._closed
            or self.is_headless
            or self._driver is None
            or renderable is None
        ):
            super()._display(screen, renderable)
            return
        if type(renderable) not in (LayoutUpdate, ChopsUpdate):
            self._screen_diff = None
            super()._display(screen, renderable)
            return
        assert isinstance(renderable, (LayoutUpdate, ChopsUpdate))
        if self.diff_output:
            if self._screen_diff is None:
                self._screen_diff = ScreenDiff()
            color_system = self.console._color_system or ColorSystem.TRUECOLOR
            sequence = self._screen_diff.render(renderable, color_system)
        else:
            self._screen_diff = None
            sequence = renderable.render_segments(self.console)
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        if not sequence and cursor == self._previous_cursor_position:
            self.post_display_hook()
            return
        self.bytes_written += len(sequence.encode())
        self.frames_written += 1
        super()._display(screen, _Rendered(sequence))
