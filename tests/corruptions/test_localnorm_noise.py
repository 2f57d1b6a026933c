"""The LocalNorm noises: their formulas and the laws of their draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.rng import image_streams
from tests.corruptions.noisy import KEYS, condition, some_images
from tests.references import noise_reference as reference


@pytest.mark.parametrize(("name", "convention"), KEYS)
@pytest.mark.parametrize("sigma", [0.25, 1.0])
def test_apply_equals_the_reference(name, convention, sigma):
    images, noise = some_images(), NOISES[name, convention]
    streams = image_streams(0, name, sigma, indices=range(len(images)))
    draws = noise.draw(images, (sigma,), streams)
    ours = noise.apply(images, draws, (sigma,))
    expected = reference.apply_noise(
        name, convention, images.double().numpy() / 255, draws[0].double().numpy(), sigma
    )
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("name", "convention"), KEYS)
def test_draws_have_the_law_that_the_convention_says(name, convention):
    sigma, images = 0.3, some_images(40, size=16)
    streams = image_streams(5, name, sigma, indices=range(40))
    (draws,) = NOISES[name, convention].draw(images, (sigma,), streams)
    values = draws.double().numpy().ravel()
    if name.startswith("apn"):
        counts = np.bincount(values.astype(int), minlength=4)
        expected = stats.poisson.pmf(np.arange(4), sigma) * len(values)
        assert (abs(counts[:4] - expected) < 5 * np.sqrt(expected)).all()
        assert values.mean() == pytest.approx(sigma, abs=5 * math.sqrt(sigma / len(values)))
    else:
        law = stats.norm() if (name, convention) == ("agn", "paper") else stats.uniform()
        assert stats.kstest(values, law.cdf).pvalue > 1e-3
    shared = (name, convention) == ("mbn", "released")
    assert draws.shape[-1] == (1 if shared else 3)


@pytest.mark.parametrize("sigma", [0.01, 0.5, 4.0, 60.0])
def test_poisson_counts_match_scipy_far_into_the_tail(sigma):
    images = some_images(50, size=32)
    streams = image_streams(1, "apn", sigma, indices=range(50))
    (draws,) = NOISES["apn", "paper"].draw(images, (sigma,), streams)
    values = draws.numpy().ravel().astype(int)
    top = int(stats.poisson.isf(20 / len(values), sigma))
    counts = np.bincount(np.minimum(values, top + 1), minlength=top + 2)
    expected = np.append(
        stats.poisson.pmf(np.arange(top + 1), sigma), stats.poisson.sf(top, sigma)
    ) * len(values)
    kept = expected > 5
    assert stats.chisquare(counts[kept], expected[kept] * counts[kept].sum() / expected[kept].sum()
                           ).pvalue > 1e-3  # fmt: skip


def test_mbn_removes_values_in_the_paper_and_pixels_in_the_code():
    images = torch.full((4, 32, 32, 3), 200, dtype=torch.uint8)
    for convention, together in (("paper", False), ("released", True)):
        seen = degrade(images, condition("mbn", convention, 0.3), seed=0, indices=range(4)).images
        removed = seen == 0
        assert ((seen == 0) | (seen == 200)).all()
        assert removed.float().mean().item() == pytest.approx(0.3, abs=0.03)
        same = (removed.all(dim=-1) | ~removed.any(dim=-1)).all().item()
        assert same is together
    everything = degrade(images, condition("mbn", "paper", 1.0), seed=0, indices=range(4))
    assert everything.images.eq(0).all()
