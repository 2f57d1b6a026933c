from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.corruptions.degrade import Inputs, add_noise, degrade
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.noise_sums import describe_noise
from robustbench_ln.corruptions.pixel_range import (
    RescaleLimits,
    channel_limits,
    merge_limits,
)
from robustbench_ln.errors import ImageError
from robustbench_ln.rng import image_streams
from robustbench_ln.spec import CLEAN, Condition
from tests.references import noise_reference as reference

KEYS = sorted(NOISES)


def some_images(number: int = 6, size: int = 8, channels: int = 3, seed: int = 0) -> torch.Tensor:
    pixels = np.random.default_rng(seed).integers(0, 256, (number, size, size, channels))
    return torch.from_numpy(pixels.astype(np.uint8))


def condition(name: str, convention: str, sigma: float, pixel_range: str = "clip") -> Condition:
    return Condition(corruption=name, severity=sigma, convention=convention, range=pixel_range)


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


@pytest.mark.parametrize(("name", "convention"), KEYS)
def test_an_images_noise_depends_on_nothing_but_its_own_key(name, convention):
    images, asked = some_images(9), condition(name, convention, 0.5)
    together = degrade(images, asked, seed=3, indices=range(9)).images
    version = images._version
    for order in ([4], [8, 0, 3], list(range(8, -1, -1))):
        alone = degrade(images[order], asked, seed=3, indices=order).images
        assert torch.equal(alone, together[order])
    assert images._version == version
    other = degrade(images, asked, seed=4, indices=range(9)).images
    assert not torch.equal(other, together)
    elsewhere = degrade(images, asked, seed=3, indices=range(1, 10)).images
    assert not torch.equal(elsewhere, together)
    assert degrade(images[:0], asked, seed=3, indices=[]).images.shape == (0, 8, 8, 3)


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


def test_clean_is_the_images_themselves_and_floats_are_refused():
    images = some_images()
    assert degrade(images, CLEAN, seed=0, indices=range(6)).images is images
    with pytest.raises(ImageError, match=r"images are torch.float32; expected uint8"):
        degrade(images.float(), CLEAN, seed=0, indices=range(6))


def test_global_random_state_is_untouched():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    for name, convention in KEYS:
        degrade(some_images(), condition(name, convention, 0.5), seed=0, indices=range(6))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_conditions_of_all_released_sigmas_start_clean():
    conditions = noise_conditions(["agn", "mbn"], convention="released")
    assert conditions[0] == CLEAN
    assert [c.severity for c in conditions if c.corruption == "agn"][:3] == [0.1, 0.2, 0.5]
    assert len([c for c in conditions if c.corruption == "mbn"]) == 19
    assert {c.range for c in conditions[1:]} == {"rescale"}
