"""Text that can be read on its background, whatever the theme."""

from __future__ import annotations

from textual.color import Color

# What WCAG asks of normal text (level AA).
MIN_CONTRAST = 4.5


def _luminance(color: Color) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in color.normalized]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(color: Color, background: Color) -> Color:
    """Move a colour as little towards black or white as it takes to read it on a background.

    A theme's tones are made for its surface. On the row of the cursor, half of the built-in themes have tones with a
    contrast below 3, and light ones go down to 1.5.

    Args:
        color: The text's colour, opaque.
        background: Opaque too.

    Returns:
        The colour itself if it can be read, or if either is one of the terminal's own sixteen, whose looks only the
        terminal knows.
    """
    if color.ansi is not None or background.ansi is not None:
        return color
    target = max(Color(0, 0, 0), Color(255, 255, 255), key=lambda extreme: contrast(extreme, background))
    for step in range(11):
        blended = color.blend(target, step / 10, alpha=1)
        if contrast(blended, background) >= MIN_CONTRAST:
            return blended
    return target
