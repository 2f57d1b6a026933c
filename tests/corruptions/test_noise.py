"""Each draw has the law that the specification says. Seeds are fixed, limits are 5 sigma."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_ln.corruptions.registry import CORRUPTIONS
from tests.corruptions.laws import draw, is_uniform


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
