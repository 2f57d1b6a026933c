"""Images and a condition in, degraded images out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.errors import ImageError
from robustbench_ln.spec import CLEAN
from tests.corruptions.noisy import KEYS, condition, some_images


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
