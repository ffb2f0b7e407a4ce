"""The commands of the user interface itself: what they are called and which keys they have by default."""

from __future__ import annotations

from tui.actions import UiCommand

MOVE, PANES, VIEW, OPEN, APP = "Move", "Panes", "View", "Open", "Portside"

COMMANDS = (
    UiCommand("table.down", "down", ("j", "down"), "Move the cursor down.", MOVE),
    UiCommand("table.up", "up", ("k", "up"), "Move the cursor up.", MOVE),
    UiCommand("table.first", "first", ("g", "home"), "Go to the first row.", MOVE),
    UiCommand("table.last", "last", ("G", "end"), "Go to the last row.", MOVE),
    UiCommand("table.half_down", "half down", ("ctrl+d",), "Move down half a screen.", MOVE),
    UiCommand("table.half_up", "half up", ("ctrl+u",), "Move up half a screen.", MOVE),
    UiCommand("table.page_down", "page down", ("pagedown",), "Move down a screen.", MOVE),
    UiCommand("table.page_up", "page up", ("pageup",), "Move up a screen.", MOVE),
    UiCommand("table.mark", "mark", ("space",), "Mark the row: actions then work on all marked rows.", MOVE),
    UiCommand("table.mark_range", "mark to here", ("M",), "Mark every row from the last mark to here.", MOVE),
    UiCommand("pane.next", "next pane", ("tab",), "Go to the next pane.", PANES, context="dashboard"),
    UiCommand("pane.previous", "previous pane", ("shift+tab",), "Go to the pane before.", PANES, context="dashboard"),
    UiCommand("pane.1", "containers", ("1",), "Go to the containers.", PANES, context="dashboard"),
    UiCommand("pane.2", "images", ("2",), "Go to the images.", PANES, context="dashboard"),
    UiCommand("pane.3", "events", ("3",), "Go to the events.", PANES, context="dashboard"),
    UiCommand("pane.zoom", "zoom", ("plus",), "Give the pane the whole screen, and back.", PANES, context="dashboard"),
    UiCommand(
        "detail.previous_tab",
        "tab before",
        ("left_square_bracket",),
        "Show the detail tab before.",
        PANES,
        context="dashboard",
    ),
    UiCommand(
        "detail.next_tab",
        "next tab",
        ("right_square_bracket",),
        "Show the next detail tab.",
        PANES,
        context="dashboard",
    ),
    UiCommand(
        "view.filter",
        "filter",
        ("slash",),
        "Show only rows with these words; !word leaves out.",
        VIEW,
        footer=True,
        context="dashboard",
    ),
    UiCommand("view.sort", "sort", ("o",), "Choose the column to sort by.", VIEW, context="dashboard"),
    UiCommand(
        "view.all", "all/running", ("a",), "Show all containers, or only running ones.", VIEW, context="containers"
    ),
    UiCommand("view.noise", "all/telling", ("a",), "Show exec and top events too, or not.", VIEW, context="events"),
    UiCommand(
        "view.refresh", "refresh", ("ctrl+r",), "Ask the engine for everything again.", VIEW, context="dashboard"
    ),
    UiCommand("view.open", "open", ("enter",), "Open the row: its details.", OPEN, context="dashboard"),
    UiCommand(
        "view.reveal", "secrets", ("v",), "Show or mask values that look like secrets.", OPEN, context="dashboard"
    ),
    UiCommand("view.back", "back", ("escape",), "Go back: close, clear the filter, leave the detail.", OPEN),
    UiCommand(
        "container.logs", "logs", ("l",), "Follow the logs on the whole screen.", OPEN, footer=True, context="dashboard"
    ),
    UiCommand(
        "container.exec",
        "shell",
        ("e",),
        "Open a shell in the container; ctrl-p ctrl-q leaves it running.",
        OPEN,
        footer=True,
        mutates=True,
        context="dashboard",
    ),
    UiCommand("view.inspect", "inspect", ("i",), "Show everything the engine knows of it.", OPEN, context="dashboard"),
    UiCommand("container.processes", "processes", ("t",), "Show its processes.", OPEN, context="dashboard"),
    UiCommand(
        "view.command",
        "command line",
        ("y",),
        "Show the equivalent docker command lines of what can be done here.",
        OPEN,
        context="dashboard",
    ),
    UiCommand("app.jobs", "jobs", ("B",), "Show what runs in the background, and cancel it.", APP, context="dashboard"),
    UiCommand("app.messages", "messages", ("N",), "Show every message so far.", APP, context="dashboard"),
    UiCommand("connection.retry", "retry", ("r",), "Try every engine again now.", APP, True, context="connection"),
    UiCommand("connection.demo", "demo", ("D",), "Open the embedded demo engine.", APP, True, context="connection"),
    UiCommand("app.help", "help", ("question_mark",), "Show every key.", APP, footer=True),
    UiCommand("app.palette", "palette", ("colon",), "Find any command by name.", APP),
    UiCommand("app.quit", "quit", ("q",), "Leave Portside.", APP, footer=True),
)
