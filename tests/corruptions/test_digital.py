"""pixelate and jpeg_compression against Pillow and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.corruptions.digital import compress_jpeg, pixelate
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from tests.corruptions.sample_images import sample_images
from tests.references import corruption_reference


@pytest.mark.parametrize("size", [(32, 33), (37, 40), (48, 64), (224, 97)])
def test_pixelate_equals_pillow_at_every_size(size):
    images = sample_images(1, *size)
    for table in SEVERITY_TABLES:
        for row in CORRUPTIONS["pixelate"].parameters[table]:
            expected = corruption_reference.pixelate(images[0].numpy(), row)
            np.testing.assert_array_equal(pixelate(images, (), row)[0], expected)


def test_pixelate_shows_the_mean_of_each_box():
    images = torch.arange(16, dtype=torch.uint8).view(1, 4, 4, 1).expand(-1, -1, -1, 3) * 16
    coarse = pixelate(images, (), (0.5,))[0, ..., 2]  # means of 0, 1, 4, 5 and so on, times 16
    assert coarse.tolist() == [
        [40, 40, 72, 72], [40, 40, 72, 72], [168, 168, 200, 200], [168, 168, 200, 200],
    ]  # fmt: skip


def test_jpeg_keeps_middle_grey_and_loses_more_at_a_lower_quality():
    grey = torch.full((1, 16, 16, 3), 128, dtype=torch.uint8)
    assert torch.equal(compress_jpeg(grey, (), (7,)), grey)
    images = sample_images(2)
    errors = [
        (compress_jpeg(images, (), (quality,)).int() - images.int()).abs().double().mean()
        for quality in (95, 50, 10)
    ]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_jpeg_halves_the_colour_and_not_the_light():
    """Columns of red and blue, one pixel wide, share their colour; of black and white do not."""
    columns = torch.zeros(1, 16, 16, 3, dtype=torch.uint8)
    columns[:, :, ::2, 0] = 255
    columns[:, :, 1::2, 2] = 255
    red, blue = compress_jpeg(columns, (), (100,))[0, 8, 6:8].int()
    assert (red[0] - blue[0]).abs() < 60  # 255 in the image, 0.299 - 0.114 of it in the light
    columns[:, :, ::2] = 255
    columns[:, :, 1::2] = 0
    white, black = compress_jpeg(columns, (), (100,))[0, 8, 6:8].int()
    assert (white - black).min() > 250
