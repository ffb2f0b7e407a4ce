"""Panes: resource tables, details, events, header."""
