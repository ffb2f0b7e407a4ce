"""A bounded log view: ring buffer (pure) and view."""
