"""Folders that are numbered, and ids of WordNet."""

from __future__ import annotations

import pytest

from robustbench_ln.data.folder_names import (
    are_imagenet_numbers,
    are_misordered_numbers,
    are_wnids,
)


@pytest.mark.parametrize(
    "names",
    [
        [str(i) for i in range(1, 11)],
        [str(i) for i in range(11)],
        ["5", "40", "300"],
        ["9", "10"],
        [f"class{i}" for i in range(12)],
        [f"{i}_{name}" for i, name in enumerate("abcdefghijk")],
        [f"{i}. {name}" for i, name in enumerate("abcdefghijk", 1)],
    ],
)
def test_numbers_in_the_order_of_text_are_seen(names):
    assert are_misordered_numbers(names)
    assert are_misordered_numbers(sorted(names))
    assert not are_misordered_numbers(sorted(names)[:1])


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["cat", "dog"],
        [str(i) for i in range(10)],
        [f"{i:02d}" for i in range(1, 11)],
        [f"{i:03d}.Albatross{i}" for i in range(1, 201)],
        ["n01440764", "n01443537", "n01484850"],
        ["1 euro", "2 euro", "50 cents"],  # numbers that count something else
        ["a1", "b10", "c2"],
        ["1", "10", "2", "unknown"],
        ["²", "1"],
    ],
)
def test_other_names_are_not(names):
    assert not are_misordered_numbers(names)


def test_ids_and_numbers_of_imagenet():
    assert are_wnids(["n01440764", "n15075141"])
    assert not are_wnids(["n01440764", "cat"])
    assert not are_wnids([])
    assert are_imagenet_numbers([str(i) for i in range(1000)])
    assert are_imagenet_numbers([f"{i:04d}" for i in range(1000)])
    assert not are_imagenet_numbers([str(i) for i in range(1, 1001)])
    assert not are_imagenet_numbers([str(i) for i in range(10)])
    assert not are_imagenet_numbers(["x", *(str(i) for i in range(1, 1000))])
