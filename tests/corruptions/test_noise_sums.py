"""What a sigma means: gain, noise, clipped share and PSNR."""

from __future__ import annotations

import math

import pytest
import torch

from robustbench_ln.corruptions.degrade import add_noise, degrade
from robustbench_ln.corruptions.noise_sums import describe_noise
from tests.corruptions.noisy import KEYS, condition, some_images
from tests.references import noise_reference as reference


@pytest.mark.parametrize(("name", "convention"), KEYS)
def test_what_a_sigma_means_equals_the_reference(name, convention):
    images, asked = some_images(12), condition(name, convention, 0.4)
    clean = images.double().numpy() / 255
    noisy = add_noise(images, asked, seed=0, indices=range(12)).double().numpy()
    degraded = degrade(images, asked, seed=0, indices=range(12))
    gain, noise, clipped, psnr = reference.meaning(
        clean, noisy, degraded.images.double().numpy() / 255
    )
    ours = describe_noise(degraded.sums)
    assert ours.gain == pytest.approx(gain, rel=1e-5)
    assert ours.relative_noise_std == pytest.approx(noise, rel=1e-4)
    assert ours.clipped_share == pytest.approx(clipped, abs=1e-12)
    assert ours.psnr == pytest.approx(psnr, rel=1e-5)
    assert describe_noise(reversed(degraded.sums)) == ours


def test_the_meaning_of_multiplicative_noise_follows_from_sigma():
    images = some_images(40, size=32)
    for name, convention, sigma, gain, noise in (
        ("agn", "paper", 0.2, 1.0, 0.2),
        ("agn", "released", 1.0, 1.5, 1 / math.sqrt(12) / 1.5),
        ("apn", "paper", 0.25, 1.25, 0.5 / 1.25),
        ("mbn", "paper", 0.2, 0.8, 0.5),
    ):
        asked = condition(name, convention, sigma)
        ours = describe_noise(degrade(images, asked, seed=0, indices=range(40)).sums)
        assert ours.gain == pytest.approx(gain, rel=0.01)
        assert ours.relative_noise_std == pytest.approx(noise, rel=0.02)


def test_black_images_have_no_gain_and_no_division_by_zero():
    black = torch.zeros(2, 4, 4, 3, dtype=torch.uint8)
    ours = describe_noise(
        degrade(black, condition("agn", "paper", 1.0), seed=0, indices=range(2)).sums
    )
    assert ours == (None, None, 0.0, None)
