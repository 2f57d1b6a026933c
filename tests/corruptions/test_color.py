"""brightness, saturate and contrast, by hand."""

from __future__ import annotations

import pytest
import torch

from robustbench_ln.corruptions.color import brighten, change_contrast, saturate
from robustbench_ln.errors import ImageError
from tests.corruptions.one_row import corrupt_row
from tests.corruptions.sample_images import sample_images


def test_saturate_refuses_grey_images():
    with pytest.raises(ImageError, match=r"saturate cannot change grey images .*leave it out"):
        corrupt_row("saturate", sample_images(1)[..., :1], (2, 0))


def pixels(*colours: tuple[int, int, int]) -> torch.Tensor:
    """One row of pixels."""
    return torch.tensor([[colours]], dtype=torch.uint8)


def test_brightness_raises_the_value_and_keeps_hue_and_saturation():
    """Levels rise to 100 + 25.5, in proportion; white is clipped; black has no hue."""
    images = pixels((100, 50, 0), (0, 100, 50), (50, 0, 100), (255, 255, 255), (0, 0, 0))
    assert brighten(images, (), (0.1,))[0, 0].tolist() == [
        [125, 62, 0], [0, 125, 62], [62, 0, 125], [255, 255, 255], [25, 25, 25],
    ]  # fmt: skip


def test_saturate_scales_the_distance_to_the_largest_channel():
    images = pixels((200, 141, 101), (101, 200, 141), (141, 101, 200))
    assert saturate(images, (), (0.5, 0))[0, 0].tolist() == [
        [200, 170, 150], [150, 200, 170], [170, 150, 200],
    ]  # fmt: skip


def test_saturate_with_an_offset_turns_grey_red():
    assert saturate(pixels((101, 101, 101)), (), (1, 0.5))[0, 0].tolist() == [[101, 50, 50]]


def test_contrast_is_towards_the_mean_of_each_channel_and_image():
    dark, light = pixels((0, 11, 101), (101, 0, 0)), pixels((200, 200, 200), (255, 255, 255))
    changed = change_contrast(torch.cat([dark, light]), (), (0.3,))
    assert changed[0, 0].tolist() == [[35, 7, 65], [65, 3, 35]]
    assert changed[1, 0].tolist() == [[219, 219, 219], [235, 235, 235]]  # 227.5 -+ 8.25
