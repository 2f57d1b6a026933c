from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.corruptions import CORRUPTIONS, Degraded, degrade
from robustbench_ln.corruptions.corrupt_arrays import corrupt
from robustbench_ln.corruptions.degrade import add_noise
from robustbench_ln.corruptions.pixel_range import RescaleLimits, channel_limits, return_to_range
from robustbench_ln.errors import LnBenchError
from robustbench_ln.spec import Condition

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)


def degraded(condition: Condition, seed: int = 0) -> Degraded:
    return degrade(torch.from_numpy(IMAGES), condition, seed=seed, indices=range(3))


@pytest.mark.filterwarnings("ignore:no photographs of frost found")
@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_corruptions_are_those_of_an_evaluation(name):
    kept = IMAGES.copy()
    ours = corrupt(IMAGES, name, 2, seed=5, severity_table="imagenet-c")
    frost = "procedural" if name == "frost" else None
    condition = Condition(corruption=name, severity=2.0, severity_table="imagenet-c", frost=frost)
    assert np.array_equal(ours, degraded(condition, seed=5).images.numpy())
    assert (ours.dtype, ours.shape) == (np.uint8, IMAGES.shape)
    assert np.array_equal(IMAGES, kept)


def test_noises_take_a_convention_and_a_range():
    clipped = corrupt(IMAGES, "agn", 0.5)
    paper = Condition(corruption="agn", severity=0.5, convention="paper", range="clip")
    assert np.array_equal(clipped, degraded(paper).images.numpy())
    rescaled = corrupt(IMAGES, "apn", 0.5, convention="released")
    released = Condition(corruption="apn", severity=0.5, convention="released", range="rescale")
    clean = torch.from_numpy(IMAGES)
    noisy = add_noise(clean, released, seed=0, indices=range(3))
    limits = RescaleLimits(noisy=channel_limits(noisy), clean=channel_limits(clean))
    expected = return_to_range(noisy, "rescale", limits)
    assert rescaled.dtype == np.float32
    assert np.array_equal(rescaled, expected.numpy())
    assert np.array_equal(corrupt(IMAGES, "agn", 0), IMAGES)


def test_a_tensor_gives_a_tensor_and_read_only_arrays_are_fine():
    tensor = torch.from_numpy(IMAGES)
    ours = corrupt(tensor, "contrast", 1, severity_table="cifar10-c")
    assert isinstance(ours, torch.Tensor)
    frozen = IMAGES.copy()
    frozen.flags.writeable = False
    again = corrupt(frozen, "contrast", 1, severity_table="cifar10-c")
    assert np.array_equal(ours.numpy(), again)


def test_a_seed_is_a_number_whatever_its_type():
    expected = corrupt(IMAGES, "agn", 0.5, seed=3)
    assert np.array_equal(corrupt(IMAGES, "agn", 0.5, seed=np.int64(3)), expected)
    assert not np.array_equal(corrupt(IMAGES, "agn", 0.5, seed=4), expected)


@pytest.mark.parametrize(
    ("images", "words", "options", "message"),
    [
        (IMAGES, ("fog", 1), {}, "'fog' needs severity_table="),
        (IMAGES, ("fogg", 1), {}, "did you mean 'fog'"),
        (IMAGES, ("agn", 1), {"seed": 0.5}, "seed= is 0.5; expected a whole number"),
        (IMAGES, ("fog", 6), {"severity_table": "cifar10-c"}, "severity 6: expected 1 to 5"),
        (IMAGES, ("fog", 1.5), {"severity_table": "cifar10-c"}, "severity 1.5: expected 1 to 5"),
        (IMAGES, ("agn", -1), {}, "sigma -1 of agn"),
        (IMAGES, ("agn", 1), {"severity_table": "cifar10-c"}, "are for corruptions="),
        (IMAGES, ("fog", 1), {"pixel_range": "clip"}, "are for noises="),
        (IMAGES / 255, ("agn", 1), {}, "images are float64; expected uint8"),
        (IMAGES[0], ("agn", 1), {}, r"images have shape \[32, 32, 3\]"),
        (IMAGES[:0], ("agn", 1), {}, "no images"),
    ],
)
def test_wrong_input_is_refused(images, words, options, message):
    with pytest.raises(LnBenchError, match=message):
        corrupt(images, *words, **options)


def test_a_whole_table_is_no_corruption():
    with pytest.raises(LnBenchError, match="unknown corruption 'cifar10-c'"):
        corrupt(IMAGES, "cifar10-c", 1)
