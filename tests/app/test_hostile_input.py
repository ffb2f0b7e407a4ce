"""What is pasted is no more to be trusted than what an engine says."""

from __future__ import annotations

import pytest
from textual.events import Paste
from textual.widgets import Input

from tests.app.support import running
from tui.screens.dashboard import Dashboard
from widgets.dialog.choose import ChooseDialog
from widgets.dialog.prompt import PromptDialog

TEXTS = {
    "closing": "[/foo]",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "c0": "a\x00b\x07c\x0e\x7f\x9b31m",
    "bidi": "\u202egpj.exe\u2066",
    "wide": "漢字🐳👩\u200d👩",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_pasted_into_every_question(text: str) -> None:
    async with running(containers=3) as app:
        for key, kind in (("slash", Dashboard), ("R", PromptDialog), ("P", PromptDialog), ("colon", ChooseDialog)):
            await app.press(key)
            await app.until(lambda kind=kind: isinstance(app.app.screen, kind), key)  # type: ignore[misc]
            await app.until(lambda: isinstance(app.app.focused, Input), "an input")
            app.app.post_message(Paste("pasted" + text))
            field = app.app.focused
            assert isinstance(field, Input)
            await app.until(lambda field=field: "pasted" in field.value, "the text")  # type: ignore[misc]
            await app.pilot.pause()
            for line in app.app.screen._compositor.render_strips():
                assert line.cell_length == app.app.size.width
                assert all(character.isprintable() for character in line.text), line.text
            await app.press("escape")
            await app.until(lambda: isinstance(app.app.screen, Dashboard), "the dashboard")
