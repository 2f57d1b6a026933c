"""zoom_blur where float32 and float64 fall on different sides of a whole level.

The source adds up in float32: the fast sum is repeated its way where it is in doubt. Many values
are needed to meet such places.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse

from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.corruptions.zoom import as_tensor, blur_zoom, resample
from tests.references.corruption_reference import zoom_blur


def test_zoom_blur_is_the_float32_sum_in_flat_areas():
    levels = torch.arange(256, dtype=torch.uint8).view(16, 16, 1, 1).expand(16, 16, 8, 3)
    flat = levels.reshape(1, 16, 128, 3)  # eight equal pixels in a row, all levels
    for table in SEVERITY_TABLES.values():
        for row in table["zoom_blur"]:
            expected = np.floor(zoom_blur(flat[0].numpy(), row))
            np.testing.assert_array_equal(blur_zoom(flat, (), row)[0], expected)


def test_resample_on_a_device_is_the_same_product():
    operator = sparse.csr_array(sparse.random(20, 20, 0.3, rng=0))
    images = torch.rand(3, 4, 5, 2, dtype=torch.float64)
    flat = images.flatten(1, 2).transpose(0, 1).flatten(1)
    product = torch.sparse.mm(as_tensor(operator, torch.device("cpu")), flat)
    product = product.view(20, 3, 2).transpose(0, 1).view(images.shape)
    torch.testing.assert_close(resample(operator, images), product)
