from __future__ import annotations

import pytest
import torch

from robustbench_ln.corruptions.contract import corrupt_images
from robustbench_ln.corruptions.registry import CORRUPTIONS, find_corruption
from robustbench_ln.corruptions.severities import severity_parameters
from robustbench_ln.errors import ImageError, SpecError
from robustbench_ln.rng import image_streams
from tests.corruptions.sample_images import sample_images


def corrupt(name, images, row):
    streams = image_streams(0, name, indices=range(len(images)))
    return corrupt_images(CORRUPTIONS[name], images, row, streams)


SMALLEST = {
    ("glass_blur", (1.5, 4, 2)): 9,
    ("defocus_blur", (10, 0.5)): 11,
    ("defocus_blur", (3, 0.1)): 5,
    ("zoom_blur", (1.31, 0.03)): 2,
    ("snow", (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65)): 5,
    ("pixelate", (0.25,)): 4,
    ("elastic_transform", (29.28, 2.44, 4.88, 0)): 3,
}


@pytest.mark.parametrize(("name", "row"), SMALLEST)
def test_images_smaller_than_the_kernel_are_refused(name, row):
    smallest = SMALLEST[name, row]
    assert corrupt(name, sample_images(1, 24, 24)[:, :smallest, :smallest], row) is not None
    small = sample_images(1, 24, 24)[:, : smallest - 1]
    message = f"{name} at this severity needs images of at least {smallest}x{smallest}; these are "
    with pytest.raises(ImageError, match=f"{message}{smallest - 1}x24"):
        corrupt(name, small, row)


def test_saturate_refuses_grey_images():
    with pytest.raises(ImageError, match=r"saturate cannot change grey images .*leave it out"):
        corrupt("saturate", sample_images(1)[..., :1], (2, 0))


def test_other_dtypes_and_shapes_are_refused():
    with pytest.raises(ImageError, match=r"images are torch.float32; expected uint8"):
        corrupt("fog", sample_images(1).float(), (1, 2))
    with pytest.raises(ImageError, match=r"\[1, 32, 32, 2\]; expected \[N, H, W, C\]"):
        corrupt("fog", sample_images(1)[..., :2], (1, 2))


def test_names_severities_and_tables_are_checked():
    with pytest.raises(SpecError, match=r"'gausian_noise'; did you mean 'gaussian_noise'\?"):
        find_corruption("gausian_noise")
    with pytest.raises(SpecError, match="severity table 'cifar-c'; did you mean 'cifar10-c'"):
        severity_parameters("fog", severity_table="cifar-c", severity=1)
    with pytest.raises(SpecError, match="unknown corruption 'fogg'; did you mean 'fog'"):
        severity_parameters("fogg", severity_table="cifar10-c", severity=1)
    for severity in (0, 6, 2.5):
        with pytest.raises(SpecError, match=f"severity {severity}; the table 'imagenet-c' has 1, "):
            severity_parameters("fog", severity_table="imagenet-c", severity=severity)
    assert severity_parameters("fog", severity_table="imagenet-c", severity=2.0) == (2, 2)


def test_black_images_stay_black_in_fog():
    black = torch.zeros(2, 32, 32, 3, dtype=torch.uint8)
    assert not corrupt("fog", black, (3, 1.4)).any()


def test_spatter_without_a_drop_changes_nothing():
    images = sample_images(2)
    assert torch.equal(corrupt("spatter", images, (0, 0.1, 0.7, 0.7, 0.5, 0)), images)
