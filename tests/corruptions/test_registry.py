"""The table of corruptions: names, families, what is found by name and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from robustbench_ln.corruptions.registry import CORRUPTIONS, find_corruption
from robustbench_ln.errors import SpecError
from tests.corruptions.laws import draw


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
