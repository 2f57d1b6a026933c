"""Imports point one way, and what must stay light imports nothing heavy."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "robustbench_ln"
BASE = {
    "corruption_names", "display", "errors", "images", "lookup", "modes", "progress", "rng", "spec",
}  # fmt: skip
"""What every room may import: modules of the root, and `spec`, which is a folder."""

FLOOR = "texts"
"""The room below the base, which imports nothing and is imported by all."""

IMPORTS = {
    "files": set(),
    "metrics": {"files"},
    "runs": {"files", "metrics"},
    "data": {"files"},
    "workers": {"files"},
    "norms": set(),
    "corruptions": {"data", "files"},
    "corrupted_sets": {"corruptions", "data", "files", "workers"},
    "models": {"files", "norms"},
    "training": {"corruptions", "data", "files", "models", "norms"},
    "evaluation": {
        "corrupted_sets", "corruptions", "data", "files", "metrics", "models", "norms", "runs",
        "workers",
    },
    "reports": {"files", "metrics", "runs"},
    "speed": {"evaluation", "models", "norms", "reports", "training"},
    "api": {"data", "evaluation", "models", "norms", "runs", "workers"},
    "demo": {"evaluation", "files", "models"},
    "cli": {
        "corrupted_sets", "corruptions", "data", "demo", "evaluation", "files", "metrics",
        "models", "norms", "reports", "runs", "speed", "training", "workers",
    },
}  # fmt: skip
"""Room -> the rooms it imports, besides itself and the base; docs/architecture.md shows it."""

WITHOUT_TORCH = ("files", "metrics", "runs", "reports")
"""Rooms that work where torch is not wanted: nothing in them imports it, directly or not."""

BASE_WITHOUT_TORCH = tuple(sorted(BASE - {"images"}))

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """The room of robustbench_ln.ROOM.MODULE; a module of the root is its own."""
    return module.split(".")[1] if "." in module else "__init__"


def imported_modules(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            of_root = [f"{module}.{alias.name}" for alias in node.names]
            found += of_root if module == "robustbench_ln" else [module]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    own = [name for name in found if name.startswith("robustbench_ln.")]
    return [name for name in own if name != "robustbench_ln.__version__"]


def test_imports_are_those_of_the_table() -> None:
    used: dict[str, set[str]] = {room: set() for room in IMPORTS}
    for path in MODULES:
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if own in ("__init__", "__main__", FLOOR) or own in BASE:
            continue  # the public names, which are looked up when they are used; and the command
        used[own] |= {room_of(module) for module in imported_modules(path)} - BASE - {own, FLOOR}
    assert used == IMPORTS


def test_the_table_is_an_order() -> None:
    done: set[str] = set()
    for room, below in IMPORTS.items():
        assert below <= done, f"{room} imports what stands after it"
        done.add(room)
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert rooms | {"api"} == done | {FLOOR, "spec"}


def test_the_base_imports_the_base_alone() -> None:
    for name in BASE:
        for path in [PACKAGE / f"{name}.py", *(PACKAGE / name).glob("*.py")]:
            for module in imported_modules(path) if path.is_file() else ():
                assert room_of(module) in BASE | {FLOOR}, f"{path} imports {module}"


def test_the_floor_imports_nothing() -> None:
    for path in (PACKAGE / FLOOR).glob("*.py"):
        assert {room_of(module) for module in imported_modules(path)} <= {FLOOR}


def test_at_most_twelve_modules_in_the_root() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 12


def test_the_architecture_shows_the_table() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    shown = {
        room: {name for name in below.replace(" ", "").split(",") if name not in ("", "-")}
        for room, below in re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|$", page, re.MULTILINE)
    }
    assert shown == IMPORTS


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_rooms_without_torch(room: str) -> None:
    names = [f"robustbench_ln.{room}.{path.stem}" for path in (PACKAGE / room).glob("[a-z]*.py")]
    assert len(names) > 3
    import_without_torch(names)


def test_the_base_without_torch() -> None:
    import_without_torch([f"robustbench_ln.{name}" for name in BASE_WITHOUT_TORCH])


def import_without_torch(names: list[str]) -> None:
    code = f"import sys, importlib\nfor name in {names}: importlib.import_module(name)\n"
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_short_and_named_for_an_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem not in ("utils", "helpers", "common", "misc")
