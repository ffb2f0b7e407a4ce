"""What the README says is true."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from tui.cli.args import parse

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_table_of_keys_is_the_catalogues() -> None:
    spec = importlib.util.spec_from_file_location("keys_table", ROOT / "docs" / "keys_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.with_table(README) == README, "run python docs/keys_table.py"


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("command", re.findall(r"^\$ portside (--?\w[^#\n]*)", README, re.MULTILINE))
def test_command_lines_parse(command: str) -> None:
    parse(shlex.split(command))
