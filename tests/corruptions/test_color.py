"""brightness, saturate and contrast, by hand."""

from __future__ import annotations

import pytest

from robustbench_ln.errors import ImageError
from tests.corruptions.one_row import corrupt_row
from tests.corruptions.sample_images import sample_images


def test_saturate_refuses_grey_images():
    with pytest.raises(ImageError, match=r"saturate cannot change grey images .*leave it out"):
        corrupt_row("saturate", sample_images(1)[..., :1], (2, 0))
