"""glass_blur: its steps are uniform, and it walks as the plain loops do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from robustbench_ln.corruptions.glass import blur_glass, draw_steps
from robustbench_ln.rng import image_streams
from tests.corruptions.laws import draw
from tests.corruptions.sample_images import sample_images
from tests.references import corruption_reference


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


@pytest.mark.parametrize("reach", [1, 2, 3, 4])
@pytest.mark.parametrize("iterations", [1, 3])
def test_glass_blur_walks_as_the_plain_loops(reach, iterations):
    row = (0.05, reach, iterations)  # sigma 0.05 blurs nothing
    images = sample_images(3, height=23, width=19)
    (codes,) = draw_steps(images, row, image_streams(0, "glass", indices=range(3)))
    ours = blur_glass(images, (codes,), row).numpy()
    for index, image in enumerate(images.numpy()):
        expected = corruption_reference.glass_blur(image, row, codes[index].numpy())
        np.testing.assert_array_equal(ours[index], np.floor(expected + 1e-9))
