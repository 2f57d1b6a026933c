"""What is asked of clean images becomes conditions, and the pictures that they need."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.corruptions import request
from robustbench_ln.corruptions.frost import FROST_FILES, load_frost_textures, procedural_frost
from robustbench_ln.corruptions.request import resolve_conditions, resolve_one_family
from robustbench_ln.errors import DataError
from robustbench_ln.spec import ConditionRequest


@pytest.fixture(autouse=True)
def _no_textures_from_other_tests():
    load_frost_textures.cache_clear()
    yield
    load_frost_textures.cache_clear()


def test_frost_brings_its_pictures_and_the_condition_says_their_kind(tmp_path):
    for level, name in enumerate(FROST_FILES):
        Image.fromarray(np.full((9, 9, 3), level, np.uint8)).save(tmp_path / name)
    asked = ConditionRequest(
        noises=("agn",), sigmas=(1,), corruptions=("cifar10-c",), severities=(1, 5),
        frost_dir=tmp_path,
    )  # fmt: skip
    found = resolve_conditions(asked)
    assert [c.corruption for c in found.conditions][:3] == ["clean", "agn", "gaussian_noise"]
    assert {(c.corruption, c.frost) for c in found.conditions if c.frost} == {
        ("frost", "photographs")
    }
    assert found.frost is not None
    assert [int(sheet[0, 0, 0]) for sheet in found.frost.textures[:3]] == [0, 1, 2]


def test_without_frost_nothing_is_read_and_nothing_warned_of(tmp_path, monkeypatch):
    monkeypatch.setattr(request, "load_frost_textures", pytest.fail)
    asked = ConditionRequest(
        corruptions=("fog",), severity_table="cifar10-c", frost_dir=tmp_path / "none"
    )
    assert resolve_conditions(asked).frost is None
    assert len(resolve_one_family(asked).conditions) == 5


def test_frost_without_photographs_is_procedural(monkeypatch):
    monkeypatch.setattr(request, "load_frost_textures", lambda _: procedural_frost())
    asked = ConditionRequest(corruptions=("frost",), severity_table="cifar10-c", severities=(3,))
    (condition,) = resolve_one_family(asked).conditions
    assert condition.frost == "procedural"


def test_a_folder_without_photographs_is_refused_when_it_is_asked_for(tmp_path):
    asked = ConditionRequest(corruptions=("frost",), severity_table="cifar10-c", frost_dir=tmp_path)
    with pytest.raises(DataError, match="frost1.png: cannot be read as an image"):
        resolve_conditions(asked)
