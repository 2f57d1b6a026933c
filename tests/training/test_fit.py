"""Networks, images and recipes that do not go together are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robustbench_ln.errors import DataError, LayoutError
from robustbench_ln.training import RECIPES, StartSource, start_network
from tests.training.networks import USER, images_of
from tests.training.stages import RECIPE, spec_of, striped_images


def test_labels_without_a_class_name_the_way_out(saved):
    with pytest.raises(DataError, match="has label 11, the network has 10 classes.*has_new_head="):
        start_network(StartSource(arch="resnet20", init=saved), images_of(12), spec_of())
    fewer = start_network(StartSource(arch="resnet20", init=saved), images_of(3), spec_of())
    assert fewer.model.linear.out_features == 10


def test_images_of_one_class_and_labels_far_away_are_refused():
    images = striped_images()
    with pytest.raises(DataError, match="all images are of one class"):
        start_network(
            StartSource(arch="resnet20"), replace(images, labels=0 * images.labels), spec_of()
        )
    labels = np.where(images.labels == 3, 255, images.labels)
    with pytest.raises(DataError, match="has label 255, but images of 4 classes alone; number"):
        start_network(StartSource(arch="resnet20"), replace(images, labels=labels), spec_of())


@pytest.mark.parametrize(("norm", "groups", "size"), [("local", 16, 16), ("batch", 1, 1)])
def test_a_set_without_statistics_is_refused(tmp_path, norm, groups, size):
    (tmp_path / "net.py").write_text(USER)
    tiny = StartSource(model=f"{tmp_path}/net.py:tiny")
    spec = spec_of(replace(RECIPE, batch_size=size), norm=norm, num_groups=groups)
    with pytest.raises(LayoutError, match="'1' .* sees one value for each channel of a set of 1"):
        start_network(tiny, striped_images(), spec)


def test_images_that_the_network_cannot_take_are_refused():
    with pytest.raises(LayoutError, match="cannot take images of 8x8 with 3 channels"):
        start_network(StartSource(arch="mnist-dnn"), striped_images(), spec_of())


def test_images_that_a_shift_would_leave_are_refused(tmp_path):
    (tmp_path / "net.py").write_text(USER)
    spec = spec_of(replace(RECIPE, crop=8))
    with pytest.raises(DataError, match="images are 8x8, and recipe cifar-resnet shifts them by u"):
        start_network(StartSource(model=f"{tmp_path}/net.py:tiny"), striped_images(), spec)


def test_images_without_the_middle_that_validation_shows_are_refused(tmp_path):
    """They would be shown small, within a black frame that no training image has."""
    (tmp_path / "net.py").write_text(USER)
    source = StartSource(model=f"{tmp_path}/net.py:tiny")
    recipe = replace(RECIPES["imagenet-finetune"], crop=8)
    assert start_network(source, striped_images(side=8), spec_of(recipe)).name.endswith(":tiny")
    with pytest.raises(
        DataError, match="images are 4x4, and recipe imagenet-finetune validates on t"
    ):
        start_network(source, striped_images(side=4), spec_of(recipe))
