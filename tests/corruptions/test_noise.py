"""Each draw has the law that the specification says. Seeds are fixed, limits are 5 sigma."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_ln.corruptions.frost import FrostTextures, with_textures
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.rng import image_streams, stream


def draw(name, row, *, number=200, size=32, images=None, entry=None):
    if images is None:
        images = torch.zeros(number, size, size, 3, dtype=torch.uint8)
    streams = image_streams(11, name, indices=range(len(images)))
    return [d.numpy() for d in (entry or CORRUPTIONS[name]).draw(images, row, streams)]


def is_uniform(values, low, high):
    assert values.min() >= low
    assert values.max() < high
    share = (values.ravel() - low) / (high - low)
    return stats.kstest(share, "uniform").pvalue > 1e-4


@pytest.mark.parametrize(
    ("name", "shape"),
    [("gaussian_noise", (32, 32, 3)), ("speckle_noise", (32, 32, 3)), ("spatter", (32, 32))],
)
def test_normals(name, shape):
    (normals,) = draw(name, CORRUPTIONS[name].parameters["cifar10-c"][0])
    assert normals.shape == (200, *shape)
    assert normals.dtype == np.float64
    assert stats.kstest(normals.ravel(), "norm").pvalue > 1e-4
    assert abs(normals.mean()) < 5 / math.sqrt(normals.size)
    assert abs(normals.var() - 1) < 5 * math.sqrt(2 / normals.size)
    assert abs((normals[:-1] * normals[1:]).mean()) < 5 / math.sqrt(normals.size)


@pytest.mark.parametrize("photons", [500, 50, 12, 3])
def test_photons_are_poisson_at_every_level(photons):
    levels = torch.tensor([0, 1, 17, 128, 254, 255], dtype=torch.uint8)
    images = levels[:, None, None, None].expand(6, 200, 100, 3)
    (counts,) = draw("shot_noise", (photons,), images=images)
    assert not counts[0].any()
    for level, count in zip(levels.tolist()[1:], counts[1:], strict=True):
        mean = level / 255 * photons
        size = count.size
        assert abs(count.mean() - mean) < 5 * math.sqrt(mean / size)
        fourth = mean * (1 + 3 * mean)
        assert abs(count.var() - mean) < 5 * math.sqrt((fourth - mean**2) / size)
        seen = np.bincount(count.ravel())
        expected = stats.poisson.pmf(np.arange(len(seen)), mean) * size
        often = expected > 10
        chi_squared = ((seen - expected)[often] ** 2 / expected[often]).sum()
        assert stats.chi2.sf(chi_squared, often.sum()) > 1e-4


def test_photons_follow_the_uniform_draw_in_both_tails():
    class Fixed:
        def __init__(self, value):
            self.value = value

        def random(self, out):
            out[...] = self.value

    for level in (0, 3, 255):
        for uniform in (0.0, 2**-53, 0.5, 1 - 2**-30, 1 - 2**-53):
            image = torch.full((1, 1, 1, 1), level, dtype=torch.uint8)
            (count,) = CORRUPTIONS["shot_noise"].draw(image, (500.0,), [Fixed(uniform)])
            mean = level / 255 * 500
            below = stats.poisson.cdf(int(count) - 1, mean)
            assert below <= uniform < stats.poisson.cdf(int(count), mean) or uniform > 1 - 2**-50


def test_impulses_replace_values_not_pixels_half_of_them_white():
    chances, whites = draw("impulse_noise", (0.27,))
    assert is_uniform(chances.astype(np.float64), 0, 1)
    assert abs(whites.mean() - 0.5) < 5 * 0.5 / math.sqrt(whites.size)
    replaced = chances < 0.27
    both = (replaced[..., 0] & replaced[..., 1]).mean()
    assert abs(both - 0.27**2) < 5 * math.sqrt(0.27**2 / replaced[..., 0].size)
    assert abs(np.corrcoef(chances.ravel(), whites.ravel())[0, 1]) < 5 / math.sqrt(whites.size)


@pytest.mark.parametrize("reach", [1, 2, 3, 4])
def test_steps_are_uniform_and_never_plus_d(reach):
    (codes,) = draw("glass_blur", (1, reach, 2))
    assert codes.shape == (200, 2, 32 - 2 * reach, 32 - 2 * reach)
    seen = np.bincount(codes.ravel(), minlength=4 * reach**2)
    assert len(seen) == 4 * reach**2
    assert stats.chisquare(seen).pvalue > 1e-4
    right, down = np.divmod(codes.astype(int), 2 * reach)
    for step in (right - reach, down - reach):
        assert (step.min(), step.max()) == (-reach, reach - 1)


def test_angles():
    (angles,) = draw("motion_blur", (6, 1), number=3000)
    assert is_uniform(angles, -45, 45)
    normals, angles = draw("snow", CORRUPTIONS["snow"].parameters["cifar10-c"][0], number=3000)
    assert is_uniform(angles, -135, -45)
    assert stats.kstest(normals[:100].ravel(), "norm").pvalue > 1e-4


def test_plasma_has_one_draw_for_each_point_but_the_corner():
    (uniforms,) = draw("fog", (1, 2), size=33)
    assert uniforms.shape == (200, 64 * 64 - 1)
    assert is_uniform(uniforms, 0, 1)
    assert draw("fog", (1, 2), size=32)[0].shape == (200, 32 * 32 - 1)
    assert draw("fog", (1, 2), size=224, number=1)[0].shape == (1, 256 * 256 - 1)


def test_elastic_moves():
    corners, fields = draw("elastic_transform", (1, 1, 1, 0))
    assert corners.shape == (200, 3, 2)
    assert fields.shape == (200, 2, 32, 32)
    assert is_uniform(corners, -1, 1)
    assert is_uniform(fields, -1, 1)


def test_frost_draws_every_texture_and_window_but_the_last_ones():
    height, width, size = 40, 45, 32
    sheets = []
    for index in range(5):  # a pixel says which texture, row and column it is
        row, column = np.mgrid[:height, :width]
        sheets.append(np.stack([np.full_like(row, index), row, column], -1).astype(np.uint8))
    entry = with_textures(CORRUPTIONS["frost"], FrostTextures("photographs", sheets))
    (windows,) = draw("frost", (1, 0.2, 1), number=4000, size=size, entry=entry)
    index, top, left = windows[:, 0, 0].T
    assert (windows[:, -1, -1, 1] == top + size - 1).all()
    assert (windows[:, -1, -1, 2] == left + size - 1).all()
    assert stats.chisquare(np.bincount(index, minlength=5)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(top, minlength=height - size)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(left, minlength=width - size)).pvalue > 1e-4
    assert top.max() == height - size - 1  # the upper end is exclusive, as published
    assert left.max() == width - size - 1


def test_a_stream_is_named_by_the_number_not_by_its_type():
    first, again = (stream(seed, "a").random(4) for seed in (3, np.int64(3)))
    assert np.array_equal(first, again)


def test_deterministic_corruptions_draw_nothing():
    for name in ("gaussian_blur", "defocus_blur", "zoom_blur", "brightness", "contrast"):
        assert draw(name, CORRUPTIONS[name].parameters["cifar10-c"][0], number=2) == []
