"""A table of keyed rows on Textual's line API: model (pure) and view."""
