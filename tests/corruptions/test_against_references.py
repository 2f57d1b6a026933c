"""Every corruption, table and severity against plain loops, on images that are not square."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corruptions.frost import procedural_frost, with_textures
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
