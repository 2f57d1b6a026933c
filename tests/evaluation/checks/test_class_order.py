"""Images in the order of their classes, and folders that are numbered."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from robustbench_ln.evaluation.checks.class_order import check_class_order, check_folder_numbers
from tests.evaluation.checks.networks import photographs

IMAGES = photographs(200)
ORDERED = dataclasses.replace(IMAGES, labels=np.sort(IMAGES.labels))
ALL = np.arange(200)


def check(images=ORDERED, indices=ALL, set_sizes=(1, 128)):
    return check_class_order(images, indices, set_sizes, order="as-is")


def test_sets_of_few_classes_are_warned_of():
    assert check(set_sizes=(1, 16)).numbers == {"set_size": 16}
    assert "order='shuffled'" in check(set_sizes=(1, 16)).message
    assert check(IMAGES, set_sizes=(1, 16)).status == "passed"
    assert check(indices=np.random.default_rng(0).permutation(200)[:40]).status == "passed"


@pytest.mark.parametrize("limit", [20, 40, 100])
def test_a_limit_below_the_set_size_hides_nothing(limit):
    assert check(indices=ALL[:limit], set_sizes=(1, limit)).status == "warning"
    assert check(IMAGES, ALL[:limit], (1, limit)).status == "passed"


def test_also_without_sets_the_first_images_are_few_classes():
    result = check(indices=ALL[:40], set_sizes=(1,))
    assert result.status == "warning"
    assert "the 40 images hold 1 of the data's 5 classes" in result.message
    assert "limit= keeps the first" in result.message
    assert check(set_sizes=(1,)).status == "passed"  # all images, in whatever order


def named(names, numbering="folders"):
    return dataclasses.replace(
        IMAGES, source="folder:x", class_names=tuple(names), numbering=numbering
    )


def test_folders_that_are_numbers_in_the_order_of_text_are_warned_of():
    names = sorted(map(str, range(1, 11)))
    result = check_folder_numbers(named(names))
    assert result.status == "warning"
    assert "('1' is class 0, '10' is class 1, '2' is class 2)" in result.message
    assert "class_map='FILE'" in result.message
    assert check_folder_numbers(named(names, "list")).status == "not applicable"
    assert check_folder_numbers(named(names, "given")).status == "not applicable"
    assert check_folder_numbers(named(["cat", "dog"])).status == "passed"
    v2 = check_folder_numbers(named(sorted(map(str, range(1000)))))
    assert v2.message.endswith("ImageNetV2 is imagenet:x")
