"""The names of `import robustbench_ln`: one mapping, which type checkers see as it is."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import robustbench_ln as ln

SOURCE = Path(ln.__file__).read_text()


def seen_by_type_checkers() -> dict[str, str]:
    """Public name -> where it is, as the imports under TYPE_CHECKING say."""
    (block,) = (node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    found, renamed = {}, {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").removeprefix("robustbench_ln.")
            found |= {a.asname or a.name: f"{module}.{a.name}" for a in node.names}
        else:
            assert isinstance(node, ast.Assign)
            renamed[ast.unparse(node.targets[0])] = ast.unparse(node.value)
    return {n: p for n, p in found.items() if n not in renamed.values()} | {
        name: found[value] for name, value in renamed.items()
    }


def test_type_checkers_see_the_public_names():
    assert seen_by_type_checkers() == ln._PUBLIC


@pytest.mark.parametrize("name", ln.__all__)
def test_a_public_name_is_what_the_mapping_says(name):
    module, _, attribute = ln._PUBLIC[name].rpartition(".")
    assert getattr(ln, name) is getattr(import_module(f"robustbench_ln.{module}"), attribute)
    assert name in dir(ln)


def test_other_names_do_not_exist():
    with pytest.raises(AttributeError, match="has no attribute 'batch_layout'"):
        ln.batch_layout  # noqa: B018
