"""Sparklines, meters and time charts for terminals."""
