"""pixelate and jpeg_compression against Pillow and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corruptions.digital import pixelate
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from tests.corruptions.sample_images import sample_images
from tests.references import corruption_reference


@pytest.mark.parametrize("size", [(32, 33), (37, 40), (48, 64), (224, 97)])
def test_pixelate_equals_pillow_at_every_size(size):
    images = sample_images(1, *size)
    for table in SEVERITY_TABLES:
        for row in CORRUPTIONS["pixelate"].parameters[table]:
            expected = corruption_reference.pixelate(images[0].numpy(), row)
            np.testing.assert_array_equal(pixelate(images, (), row)[0], expected)
