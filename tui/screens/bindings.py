"""Textual bindings made from the catalogue, so that keys, footer, help and key map can never tell different stories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.binding import Binding

from tui.actions import Action, UiCommand
from tui.resources.catalogue import ACTIONS, COMMANDS, Keymap

# A key that no keyboard sends: what a command is bound to when the user takes its keys away.
NO_KEY = "f24"

# These belong to the widgets, to other screens and to the application, which bind them under the same ids.
_ELSEWHERE = ("table.", "connection.", "app.help", "app.quit")


def command_bindings(commands: Iterable[UiCommand] = COMMANDS.values()) -> list[Binding]:
    """One binding per command, running ``command(ID)`` of the screen."""
    return [
        Binding(",".join(command.keys), f"command('{command.id}')", command.title, tooltip=command.help, id=command.id)
        for command in commands
        if command.keys and not command.id.startswith(_ELSEWHERE)
    ]


def action_bindings(actions: Iterable[Action] = ACTIONS.values()) -> list[Binding]:
    """One binding per action, running ``act(ID)`` of the screen. One key may serve several kinds of row."""
    return [
        Binding(",".join(action.keys), f"act('{action.id}')", action.title, tooltip=action.help, id=action.id)
        for action in actions
        if action.keys
    ]


def app_binding(command: str, action: str) -> Binding:
    """The binding of a command that works on every screen, running an action of the application."""
    entry = COMMANDS[command]
    return Binding(",".join(entry.keys), action, entry.title, tooltip=entry.help, id=command, show=False)


def textual_keymap(keymap: Keymap, overrides: Mapping[str, str]) -> dict[str, str]:
    """What Textual needs to be told of the user's own keys: only those that differ from the bindings' defaults."""
    return {id: ",".join(keys) or NO_KEY for id, keys in keymap.keys.items() if id in overrides}
