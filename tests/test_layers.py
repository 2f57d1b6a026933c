"""Imports point one way, and what must stay light imports nothing heavy."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "robustbench_ln"
RANK = {
    "": 0, "baselines": 0, "corruptions": 1, "norms": 1, "data": 1, "models": 2,
    "generation": 2, "evaluation": 3, "training": 4, "demo": 4, "cli": 5,
}  # fmt: skip
"""A file may import from its own folder and from lower ranks; reports sees the base only."""

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name not in ("__main__.py", "api.py"))


def folder_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else ""


def imported_modules(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found.append(node.module or "")
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return [name for name in found if name.split(".")[0] == "robustbench_ln"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    own = path.relative_to(PACKAGE).parts[0] if path.parent != PACKAGE else ""
    for module in imported_modules(path):
        other = folder_of(module)
        if own == "" and path.name == "__init__.py":
            continue  # the public API is resolved lazily
        if own == "reports":
            assert other in ("", "reports"), f"{path.name} imports {module}"
        elif own != other:
            allowed = RANK.get(other, 0) < RANK[own] or (own == "cli" and other == "reports")
            assert allowed, f"{path.name} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_short_and_named_for_an_idea(path):
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem not in ("utils", "helpers", "common", "misc")
