"""Where pixels change type: which level a float becomes, and where a value goes."""

from __future__ import annotations

import pytest
import torch

from robustbench_ln.errors import ImageError
from robustbench_ln.images import (
    check_uint8_images,
    round_to_uint8,
    to_network,
    to_unit,
    truncate_to_uint8,
)


def test_uint8_is_divided_by_255_and_floats_pass():
    levels = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert to_unit(levels).tolist() == pytest.approx([0, 0.2, 1], abs=1e-7)
    assert levels.tolist() == [0, 51, 255]
    assert to_unit(levels, torch.float64)[1].item() == 51 / 255
    floats = torch.tensor([-0.5, 1.5])
    assert to_unit(floats).tolist() == [-0.5, 1.5]


def test_rounding_is_to_the_nearest_level_halves_to_even():
    levels = torch.tensor([-3.0, 0.49, 0.5, 1.5, 2.5, 254.6, 300.0], dtype=torch.float64)
    assert round_to_uint8(levels / 255).tolist() == [0, 0, 0, 2, 2, 255, 255]


def test_truncation_is_to_the_level_below():
    levels = torch.tensor([-3.0, 0.99, 1.5, 254.6, 255.0, 300.0], dtype=torch.float64)
    assert truncate_to_uint8(levels / 255).tolist() == [0, 0, 1, 254, 255, 255]


def test_a_network_gets_each_channel_with_its_own_mean_and_deviation():
    pixels = [[[0, 51, 255], [255, 0, 51]]]  # one row of two pixels
    images = torch.tensor([pixels], dtype=torch.uint8)
    seen = to_network(
        images, mean=torch.tensor([0.0, 0.2, 1.0]), std=torch.tensor([1.0, 0.5, 0.25])
    )
    assert seen.shape == (1, 3, 1, 2)
    assert seen.dtype == torch.float32
    expected = [[0.0, 1.0], [0.0, -0.4], [0.0, -3.2]]
    torch.testing.assert_close(seen[0, :, 0], torch.tensor(expected), rtol=0, atol=1e-6)
    assert torch.equal(
        to_network(to_unit(images), mean=torch.zeros(3), std=torch.ones(3))[0, :, 0, 1],
        to_unit(images)[0, 0, 1],
    )


def test_a_network_gets_channels_last():
    images = torch.zeros(2, 4, 5, 3, dtype=torch.uint8)
    seen = to_network(images, mean=torch.zeros(3), std=torch.ones(3))
    assert seen.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("shape", [(2, 2, 3), (1, 2, 2, 2), (1, 2, 2, 4), (1, 0, 2, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ImageError, match=r"expected \[N, H, W, C\] with C = 1 or 3"):
        check_uint8_images(torch.zeros(shape, dtype=torch.uint8))


def test_no_image_is_a_batch_and_floats_are_none():
    check_uint8_images(torch.zeros(0, 2, 2, 1, dtype=torch.uint8))
    with pytest.raises(ImageError, match="images are torch.int64; expected uint8, 0..255"):
        check_uint8_images(torch.zeros(1, 2, 2, 1, dtype=torch.int64))
