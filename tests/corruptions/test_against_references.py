"""Every corruption, table and severity against plain loops, on images that are not square."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corruptions.digital import pixelate
from robustbench_ln.corruptions.frost import procedural_frost, with_textures
from robustbench_ln.corruptions.glass import blur_glass, draw_steps
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.rng import image_streams
from tests.corruptions.sample_images import sample_images
from tests.references import corruption_reference

LEEWAY = {"elastic_transform": 2e-3, "spatter": 1e-3, "zoom_blur": 1e-4, "snow": 1e-4}
"""Grey levels within which a sum may lie on the other side of a whole level: float32 is part of the
definition of these four; elsewhere the sums are float64."""


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("table", SEVERITY_TABLES)
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_apply_equals_plain_loops(name, table, severity):
    entry = CORRUPTIONS[name]
    if name == "frost":
        entry = with_textures(entry, procedural_frost())
    images, row = sample_images(2, height=14, width=17), entry.parameters[table][severity - 1]
    streams = image_streams(3, name, severity, indices=range(2))
    draws = entry.draw(images, row, streams)
    ours = entry.apply(images, draws, row).numpy()
    for index, image in enumerate(images.numpy()):
        own = (draw[index].numpy() for draw in draws)
        level = getattr(corruption_reference, name)(image, row, *own)
        leeway = LEEWAY.get(name, 1e-9)
        off = (ours[index] < np.floor(level - leeway)) | (ours[index] > np.floor(level + leeway))
        if name == "glass_blur":  # its first truncation may fall on the other side of a whole level
            assert np.abs(ours[index] - level).max() < 2
        else:
            assert not off.any(), (off.mean(), ours[index][off][:5], level[off][:5])


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


@pytest.mark.parametrize("size", [(32, 33), (37, 40), (48, 64), (224, 97)])
def test_pixelate_equals_pillow_at_every_size(size):
    images = sample_images(1, *size)
    for table in SEVERITY_TABLES:
        for row in CORRUPTIONS["pixelate"].parameters[table]:
            expected = corruption_reference.pixelate(images[0].numpy(), row)
            np.testing.assert_array_equal(pixelate(images, (), row)[0], expected)
