"""Parts of a data set are not taken for its classes."""

from __future__ import annotations

import re

import pytest

from robustbench_ln.data.parts import find_part
from robustbench_ln.errors import DataError
from tests.data.pictures import picture


def make(root, *places):
    for place in places:
        (root / place).mkdir(parents=True, exist_ok=True)
        picture().save(root / place / "0.png")


def find(root, part="test", **options):
    return find_part(root, part, kind="folder", **options)


@pytest.mark.parametrize("name", ["val", "Valid", "VALIDATION", "test", "Testing", "train"])
def test_one_part_alone_is_refused_and_its_path_named(tmp_path, name):
    make(tmp_path, f"{name}/cat", f"{name}/dog")
    expected = f"'{name}' is a part of a data set, .*; give folder:{tmp_path / name}$"
    with pytest.raises(DataError, match=expected):
        find(tmp_path)


@pytest.mark.parametrize("names", [("train", "val", "test"), ("val", "test"), ("Train", "train")])
def test_several_parts_that_may_be_meant_are_refused(tmp_path, names):
    make(tmp_path, *(f"{name}/cat" for name in names))
    with pytest.raises(DataError, match=r"is a part of a data set, .* give folder:.* or folder:"):
        find(tmp_path)


@pytest.mark.parametrize("names", [("train", "val"), ("Training", "validation"), ("train", "TEST")])
def test_the_one_part_beside_the_training_is_taken(tmp_path, names):
    make(tmp_path, *(f"{name}/cat" for name in names))
    assert find(tmp_path) == tmp_path / names[1]
    assert find(tmp_path, "train") == tmp_path / names[0]
    make(tmp_path, ".cache/x", "__MACOSX/x")
    assert find(tmp_path) == tmp_path / names[1]


def test_a_training_part_is_plain_also_beside_two_others(tmp_path):
    make(tmp_path, "train/cat", "val/cat", "test/cat")
    assert find(tmp_path, "train") == tmp_path / "train"


def test_a_class_may_be_named_as_a_part(tmp_path):
    make(tmp_path, "train", "car", "bus/test")
    assert find(tmp_path) == tmp_path
    make(tmp_path, "train/steam")  # pictures and folders
    assert find(tmp_path) == tmp_path


def test_a_part_among_other_folders_is_refused_unless_a_map_calls_it_a_class(tmp_path):
    make(tmp_path, "train/steam", "car")
    (tmp_path / "train" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=re.escape(f"give folder:{tmp_path / 'train'}")):
        find(tmp_path)
    assert find(tmp_path, classes=("train", "car")) == tmp_path


def test_parts_in_parts_are_found_too(tmp_path):
    make(tmp_path, "train/train/cat", "val/val/cat")
    with pytest.raises(DataError, match=re.escape(f"give folder:{tmp_path / 'val' / 'val'}")):
        find(tmp_path)
