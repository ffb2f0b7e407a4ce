"""The shape of the code base: short modules, packages that import nothing, a start path without heavy imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tui", "widgets")
MODULES = sorted(path for folder in (*PACKAGES, "tests") for path in (ROOT / folder).rglob("*.py"))
APPLICATION = [path for path in MODULES if path.relative_to(ROOT).parts[0] in PACKAGES]
LIMIT = 500
APP_LIMIT = 300

# What the user interface, or an engine's client, costs at start: 150 ms for Textual, 110 for aiohttp, 140 for docker.
HEAVY = ("textual", "rich", "aiohttp", "aiodocker", "docker")
HEADLESS = (
    "tui.actions",
    "tui.cli",
    "tui.config",
    "tui.dispatch",
    "tui.query",
    "tui.resources",
    "tui.runtime",
    "tui.store",
)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_headless(path: Path) -> bool:
    name = name_of(path)
    return name in HEADLESS or name.startswith(tuple(f"{package}." for package in HEADLESS))


HEADLESS_MODULES = [path for path in APPLICATION if is_headless(path)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_too_long(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    limit = APP_LIMIT if path == ROOT / "tui" / "app.py" else LIMIT
    assert lines <= limit, f"{path.relative_to(ROOT)} has {lines} lines; split it"


@pytest.mark.parametrize("path", [path for path in APPLICATION if path.name == "__init__.py"], ids=name_of)
def test_packages_import_nothing(path: Path) -> None:
    """A docstring and the version: what a package imports, every module of it pays for."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for node in tree.body[1:]:
        assert isinstance(node, ast.Assign | ast.AnnAssign), ast.unparse(node)


def test_the_headless_half_is_really_tested() -> None:
    """Guards the next test against an empty list."""
    names = [name_of(path) for path in HEADLESS_MODULES]
    for package in HEADLESS:
        assert any(name.startswith(package) for name in names), package


def test_the_headless_half_imports_nothing_heavy() -> None:
    """In a fresh interpreter, all modules together: importing them must not load a toolkit or an engine's client."""
    program = f"""
import importlib, sys
for name in {[name_of(path) for path in HEADLESS_MODULES]!r}:
    importlib.import_module(name)
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_application_starts_without_an_engines_client() -> None:
    """aiohttp takes 110 ms to import and docker-py 140, as long as Textual itself: only for what is rarely used."""
    program = "import sys, tui.app; print(*({'aiohttp', 'aiodocker', 'docker', 'requests'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_application_starts_without_what_the_first_frame_does_not_show() -> None:
    """Dialogs, views of the detail pane, screens behind keys and the backend take 30 of 300 ms."""
    later = ("tui.demo", "tui.runtime.engine.backend", "tui.screens.commands", "widgets.dialog", "widgets.log")
    program = f"import sys, tui.app; print(*(name for name in sys.modules if name.startswith({later!r})))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", HEADLESS_MODULES, ids=name_of)
def test_no_headless_module_imports_anything_heavy_at_module_level(path: Path) -> None:
    """Names the culprit, which the test above does not."""
    imported = {name.split(".")[0] for name in module_level_imports(ast.parse(path.read_text()))}
    assert not imported & set(HEAVY)


def test_widgets_do_not_use_textuals_slow_ones() -> None:
    """DataTable takes 43 ms for one changed cell; Log and RichLog pass escape sequences on, and markup crashes them."""
    slow = {"DataTable", "Log", "RichLog"}
    for path in APPLICATION:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual"):
                used = slow.intersection(alias.name for alias in node.names)
                assert not used, f"{path.relative_to(ROOT)} imports {used}"


def module_level_imports(tree: ast.Module) -> set[str]:
    """What is imported when the module is, leaving out functions and ``if TYPE_CHECKING``."""
    found: set[str] = set()
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.If) and ast.unparse(node.test) != "TYPE_CHECKING":
            pending += node.body + node.orelse
        elif isinstance(node, ast.Try | ast.With | ast.ClassDef):
            pending += node.body
    return found
