"""``python -m tui`` is ``portside``."""

from tui.cli.main import entry

if __name__ == "__main__":
    entry()
