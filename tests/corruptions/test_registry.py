"""The table of corruptions: names, families, what is found by name and what is refused."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS, find_corruption
from robustbench_ln.errors import SpecError
from robustbench_ln.models.registry import ARCHITECTURES
from tests.corruptions.laws import draw

PACKAGE = Path(__file__).parents[2] / "robustbench_ln"


def test_a_wrong_name_is_answered_with_the_nearest():
    with pytest.raises(SpecError, match=r"'gausian_noise'; did you mean 'gaussian_noise'\?"):
        find_corruption("gausian_noise")


def test_deterministic_corruptions_draw_nothing():
    for name in ("gaussian_blur", "defocus_blur", "zoom_blur", "brightness", "contrast"):
        assert draw(name, CORRUPTIONS[name].parameters["cifar10-c"][0], number=2) == []


def test_only_entries_of_the_15_count_for_means():
    extra = [name for name, entry in CORRUPTIONS.items() if not entry.is_benchmark]
    assert sorted(extra) == ["gaussian_blur", "saturate", "spatter", "speckle_noise"]
    assert len(CORRUPTIONS) == 19


def test_entries_are_named_as_in_the_table():
    assert all(entry.name == name for name, entry in CORRUPTIONS.items())
    with pytest.raises(dataclasses.FrozenInstanceError):
        CORRUPTIONS["fog"].name = "mist"
    with pytest.raises(TypeError):
        CORRUPTIONS["mist"] = CORRUPTIONS["fog"]


def test_families_are_the_published_ones():
    extra = {name: entry.family for name, entry in CORRUPTIONS.items() if not entry.is_benchmark}
    assert extra == {
        "speckle_noise": "noise", "gaussian_blur": "blur", "spatter": "weather",
        "saturate": "digital",
    }  # fmt: skip
    by_family = [entry.family for entry in CORRUPTIONS.values() if entry.is_benchmark]
    assert by_family == ["noise"] * 3 + ["blur"] * 4 + ["weather"] * 4 + ["digital"] * 4


def test_a_sigma_that_is_a_probability_is_said_by_the_noise():
    assert {name for (name, _), entry in NOISES.items() if entry.is_probability} == {"mbn"}


def compared_names(tree: ast.AST) -> Iterator[str]:
    """Texts that something is compared with, alone or in a row."""
    for node in ast.walk(tree):
        for side in [node.left, *node.comparators] if isinstance(node, ast.Compare) else ():
            for part in side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]:
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_what_is_so_of_one_network_or_corruption_is_a_field_of_its_entry():
    names = {*CORRUPTIONS, *(name for name, _ in NOISES), *ARCHITECTURES, "googlenet",
             "inception_v3"}  # fmt: skip
    strays = {
        (str(path.relative_to(PACKAGE)), name)
        for path in PACKAGE.rglob("*.py")
        for name in compared_names(ast.parse(path.read_text()))
        if name in names
    }
    assert not strays
