"""Textual widgets that know nothing of containers: a fast table, a bounded log view, charts, dialogs."""
