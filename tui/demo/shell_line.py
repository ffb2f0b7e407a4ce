"""Line editing of the demo's shell: bytes from a terminal in, bytes for the terminal and finished lines out. No I/O."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import Enum, auto


class End(Enum):
    """How an input line ended."""

    LINE = auto()
    INTERRUPT = auto()
    EOF = auto()


@dataclass(frozen=True, slots=True)
class Entered:
    """An input line."""

    end: End
    text: str = ""


class LineEditor:
    """Echo, backspace, ^U, ^W, ^A, ^E, ^K, arrows, history, ^C and ^D. `output` is for the terminal."""

    def __init__(self) -> None:
        """Begin with an empty line and no history."""
        self.output = bytearray()
        self.history: list[str] = []
        self._prompt = ""
        self._text = ""
        self._cursor = 0
        self._escape = b""
        self._place = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._after_return = False

    def begin(self, prompt: str) -> None:
        """Show the prompt of a new line."""
        self._prompt, self._text, self._cursor = prompt, "", 0
        self._place = len(self.history)
        self.output += prompt.encode()

    def feed(self, byte: int) -> Entered | None:
        """Take one byte; return the line when it is finished."""
        if self._escape:
            self._feed_escape(byte)
            return None
        returned, self._after_return = self._after_return, byte == 0x0D
        match byte:
            case 0x0A if returned:
                return None  # the second half of CR LF
            case 0x0D | 0x0A:
                return self._finish()
            case 0x03:
                self.output += b"^C\r\n"
                return Entered(End.INTERRUPT)
            case 0x04:
                if not self._text:
                    return Entered(End.EOF)
            case 0x1B:
                self._escape = b"\x1b"
            case 0x08 | 0x7F:
                if self._cursor:
                    self._replace(self._text[: self._cursor - 1] + self._text[self._cursor :], self._cursor - 1)
            case 0x01:
                self._move(0)
            case 0x05:
                self._move(len(self._text))
            case 0x0B:
                self._replace(self._text[: self._cursor], self._cursor)
            case 0x15:
                self._replace(self._text[self._cursor :], 0)
            case 0x17:
                start = self._text[: self._cursor].rstrip().rfind(" ") + 1
                self._replace(self._text[:start] + self._text[self._cursor :], start)
            case _ if byte >= 0x20:
                typed = self._decode.decode(bytes((byte,)))
                if typed:
                    self._insert(typed)
        return None

    def _finish(self) -> Entered:
        self.output += b"\r\n"
        if self._text.strip() and self.history[-1:] != [self._text]:
            self.history.append(self._text)
        return Entered(End.LINE, self._text)

    def _insert(self, typed: str) -> None:
        if self._cursor == len(self._text):  # the usual case: only the echo, no redraw
            self._text += typed
            self._cursor += len(typed)
            self.output += typed.encode()
        else:
            self._replace(self._text[: self._cursor] + typed + self._text[self._cursor :], self._cursor + len(typed))

    def _feed_escape(self, byte: int) -> None:
        self._escape += bytes((byte,))
        if self._escape in (b"\x1b[", b"\x1bO") or (self._escape.startswith(b"\x1b[") and not 0x40 <= byte <= 0x7E):
            return
        key, self._escape = self._escape[-1:], b""
        match key:
            case b"A":
                self._recall(self._place - 1)
            case b"B":
                self._recall(self._place + 1)
            case b"C":
                self._move(min(len(self._text), self._cursor + 1))
            case b"D":
                self._move(max(0, self._cursor - 1))
            case b"H":
                self._move(0)
            case b"F":
                self._move(len(self._text))

    def _recall(self, place: int) -> None:
        if 0 <= place <= len(self.history):
            self._place = place
            text = self.history[place] if place < len(self.history) else ""
            self._replace(text, len(text))

    def _move(self, cursor: int) -> None:
        self._replace(self._text, cursor)

    def _replace(self, text: str, cursor: int) -> None:
        self._text, self._cursor = text, cursor
        back = len(text) - cursor
        self.output += f"\r{self._prompt}{text}\x1b[K".encode() + (b"\x1b[%dD" % back if back else b"")
