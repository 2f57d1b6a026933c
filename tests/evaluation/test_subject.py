"""Images whose classes are numbered by a list, or by folders, need a network of as many."""

from __future__ import annotations

import dataclasses

import pytest
from torch import nn

from robustbench_ln.errors import DataError
from robustbench_ln.evaluation.subject import check_images
from tests.evaluation.checks.networks import photographs
from tests.evaluation.small_runs import make_subject

IMAGES = photographs(20)


def check(names, numbering, *, num_classes=10):
    images = dataclasses.replace(
        IMAGES, source="folder:pets", class_names=tuple(names), numbering=numbering
    )
    check_images(make_subject(nn.Identity(), num_classes=num_classes), images)


@pytest.mark.parametrize("number", [1, 5, 9, 11])
def test_folders_of_another_number_than_the_classes_are_refused(number):
    names = [f"class {chr(97 + i)}" for i in range(number)]
    with pytest.raises(
        DataError, match=f"folder:pets: {number} class folders?, the network has 10"
    ):
        check(names, "folders")
    check(names, "given")
    check([*names, *map(str, range(10))][:10], "folders")


def test_the_hint_fits_the_names():
    wnids = [f"n0144{i:04d}" for i in range(200)]
    with pytest.raises(DataError, match="or give imagenet:pets$"):
        check(wnids, "folders", num_classes=1000)
    with pytest.raises(DataError, match="or give folder:pets/images, if that holds"):
        check(["images"], "folders")


def test_a_list_of_another_length_than_the_classes_is_refused():
    names = [f"class {i}" for i in range(11)]
    with pytest.raises(DataError, match="numbered by a list of 11, the network has 10"):
        check(names, "list")
    check(names[:10], "list")
