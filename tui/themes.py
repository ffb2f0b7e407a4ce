"""Portside's own themes. Tones of cells are Textual's semantic colours, so that any of its themes works too."""

from __future__ import annotations

from textual.theme import Theme

DEFAULT = "portside"

THEMES = (
    Theme(
        name="portside",
        dark=True,
        primary="#5aa9e6",
        secondary="#7fc8f8",
        accent="#7fc8f8",
        foreground="#d7dee6",
        background="#10151b",
        surface="#10151b",
        panel="#1d2731",
        boost="#17202a",
        success="#6cc070",
        warning="#e5b567",
        error="#f07178",
    ),
    Theme(
        name="portside-light",
        dark=False,
        primary="#1b6ca8",
        secondary="#0b4f7d",
        accent="#0b4f7d",
        foreground="#1a2229",
        background="#fbfcfd",
        surface="#fbfcfd",
        panel="#e3eaf0",
        boost="#eef2f6",
        success="#1f7a34",
        warning="#8a5a00",
        error="#b3202c",
    ),
    Theme(
        name="portside-contrast",
        dark=True,
        primary="#00d7ff",
        secondary="#ffffff",
        accent="#ffff00",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#303030",
        boost="#1c1c1c",
        success="#00ff5f",
        warning="#ffd700",
        error="#ff5f5f",
    ),
)
