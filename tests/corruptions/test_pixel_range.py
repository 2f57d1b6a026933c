"""How noisy floats return to the range of pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.corruptions.degrade import Inputs, add_noise, degrade
from robustbench_ln.corruptions.pixel_range import (
    RescaleLimits,
    channel_limits,
    merge_limits,
)
from tests.corruptions.noisy import condition, some_images
from tests.references import noise_reference as reference


def test_clip_rounds_to_the_nearest_grey_level():
    images = some_images()
    asked = condition("agn", "paper", 0.7)
    noisy = add_noise(images, asked, seed=0, indices=range(6)).double().numpy()
    seen = degrade(images, asked, seed=0, indices=range(6)).images
    assert seen.dtype == torch.uint8
    difference = seen.int().numpy() - reference.clip_and_round(noisy).astype(int)
    assert (difference != 0).mean() < 1e-3  # float32 against float64 at a half


def test_rescale_maps_the_whole_noisy_set_onto_the_clean_one():
    images = some_images()
    asked = condition("agn", "released", 1.0, "rescale")
    noisy = add_noise(images, asked, seed=0, indices=range(6))
    parts = [channel_limits(noisy[:2]), channel_limits(noisy[2:])]
    limits = RescaleLimits(noisy=merge_limits(parts), clean=channel_limits(images))
    seen = degrade(images, asked, seed=0, indices=range(6), inputs=Inputs(limits=limits)).images
    expected = reference.rescale(noisy.double().numpy(), images.double().numpy() / 255)
    assert seen.dtype == torch.float32
    np.testing.assert_allclose(seen, expected, atol=1e-6)
    for channel in range(3):
        own = images[..., channel].float() / 255
        assert seen[..., channel].max().item() == pytest.approx(own.max().item(), abs=1e-6)
        assert seen[..., channel].min().item() == pytest.approx(own.min().item(), abs=1e-6)


def test_rescaling_a_constant_set_gives_the_clean_minimum_and_no_nan():
    images = some_images() // 2 + 30
    asked = condition("mbn", "released", 1.0, "rescale")
    noisy = add_noise(images, asked, seed=0, indices=range(6))
    limits = RescaleLimits(noisy=channel_limits(noisy), clean=channel_limits(images))
    seen = degrade(images, asked, seed=0, indices=range(6), inputs=Inputs(limits=limits)).images
    lowest = images.flatten(0, 2).amin(dim=0).float() / 255
    assert torch.allclose(seen, lowest.expand_as(seen))


def test_none_keeps_floats_outside_the_range():
    seen = degrade(
        some_images(), condition("agn-additive", "released", 2.0, "none"), seed=0, indices=range(6)
    ).images
    assert seen.dtype == torch.float32
    assert seen.max() > 1.5
