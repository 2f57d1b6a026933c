"""Histograms and samples against counting value by value."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.evaluation.image_tally import ImageTally
from robustbench_ln.runs.seen_images import ABOVE, BELOW, SeenImages, join_seen


def tally(images: torch.Tensor, *, steps: int = 100, number: int = 100, samples: int = 2):
    counted = ImageTally(num_images=number, num_samples=samples)
    for start in range(0, len(images), steps):
        counted.add(images[start : start + steps])
    return counted.finish()


def grey_images(number: int = 7, size: int = 5, channels: int = 3) -> torch.Tensor:
    pixels = np.random.default_rng(0).integers(0, 256, (number, size, size, channels))
    return torch.from_numpy(pixels.astype(np.uint8))


def test_grey_levels_are_counted_by_channel() -> None:
    images = grey_images()
    found = tally(images).histogram
    for channel in range(3):
        for level in range(256):
            assert found[channel, 1 + level] == int((images[..., channel] == level).sum())
    assert found[:, [BELOW, ABOVE]].sum() == 0


def test_floats_go_to_the_nearest_level_and_what_is_outside_is_apart() -> None:
    values = [-3.0, -1e-6, 0.0, 0.4 / 255, 0.6 / 255, 128 / 255, 254.6 / 255, 1.0, 1 + 1e-6, 9.0]
    found = tally(torch.tensor(values).reshape(1, 10, 1, 1)).histogram[0]
    assert {int(i): int(found[i]) for i in found.nonzero()[0]} == {
        BELOW: 2, 1: 2, 2: 1, 129: 1, 256: 2, ABOVE: 2,
    }  # fmt: skip


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_chunks_change_nothing(steps: int) -> None:
    images = grey_images()
    assert tally(images, steps=steps).digest == tally(images).digest


def test_images_that_only_fill_the_last_set_are_left_out() -> None:
    images = grey_images()
    assert tally(images, steps=3, number=4).digest == tally(images[:4]).digest


def test_parts_are_joined_to_the_whole() -> None:
    images = grey_images()
    parts = [tally(images[:1]), tally(images[1:4]), tally(images[4:])]
    assert join_seen(parts, num_samples=2).digest == tally(images).digest


def test_samples_are_the_first_images() -> None:
    images = grey_images()
    np.testing.assert_array_equal(tally(images, steps=1).samples, images[:2].numpy())
    assert tally(images, samples=0).samples.shape == (0, 1, 1, 3)
    floats = torch.tensor([-0.5, 0.5, 1.5]).reshape(1, 3, 1, 1)
    assert tally(floats).samples.ravel().tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("size", "small"), [((192, 96), (96, 48)), ((97, 400), (23, 96)), ((500, 1), (96, 1))]
)
def test_large_samples_are_means_over_areas(size: tuple[int, int], small: tuple[int, int]) -> None:
    for channels in (1, 3):
        image = torch.full((1, *size, channels), 40, dtype=torch.uint8)
        image[:, : size[0] // 2] = 80
        shown = tally(image).samples
        assert shown.shape == (1, *small, channels)
        assert {*np.unique(shown[:, : small[0] // 2 - 1])} <= {80}
        assert shown[0, -1].max() == 40


def test_the_digest_tells_shapes_and_values_apart() -> None:
    seen = tally(grey_images(channels=1))
    other = SeenImages(histogram=seen.histogram, samples=seen.samples.reshape(2, 1, 25, 1))
    fewer = SeenImages(histogram=seen.histogram, samples=seen.samples[:1])
    assert len({seen.digest, other.digest, fewer.digest}) == 3
