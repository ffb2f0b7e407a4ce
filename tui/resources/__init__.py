"""One module per kind of resource: its columns, tones, details and actions, declared as data."""
