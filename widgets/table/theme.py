"""How the table looks: its component classes and their default styles, from theme variables only."""

COMPONENT_CLASSES = frozenset(
    {
        "table--header",
        "table--header-sorted",
        "table--row",
        "table--row-stale",
        "table--row-in-flight",
        "table--cursor",
        "table--gutter",
        "table--message",
        "table--tone-plain",
        "table--tone-dim",
        "table--tone-accent",
        "table--tone-good",
        "table--tone-busy",
        "table--tone-warn",
        "table--tone-bad",
    }
)

DEFAULT_CSS = """
Table {
    height: 1fr;
    background: $surface;
    color: $foreground;
    overflow-x: hidden;
    overflow-y: auto;
    scrollbar-size-vertical: 1;
    & > .table--header { background: $panel; color: $foreground; text-style: bold; }
    & > .table--header-sorted { text-style: bold underline; }
    & > .table--row-stale { color: $text-muted; text-style: italic; }
    & > .table--row-in-flight { text-style: italic; }
    & > .table--cursor { background: $foreground 10%; }
    & > .table--gutter { color: $text-accent; text-style: bold; }
    & > .table--message { color: $text-muted; }
    & > .table--tone-dim { color: $text-muted; }
    & > .table--tone-accent { color: $text-accent; }
    & > .table--tone-good { color: $text-success; }
    & > .table--tone-busy { color: $text-primary; }
    & > .table--tone-warn { color: $text-warning; }
    & > .table--tone-bad { color: $text-error; }
    &:focus > .table--cursor { background: $primary 30%; text-style: bold; }
}
"""
