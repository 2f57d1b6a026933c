"""A network's free sizes are read off the shapes in a checkpoint."""

from __future__ import annotations

import pytest

from robustbench_ln.models import (
    build_model,
)
from tests.models.loading import assert_same_tensors, load


@pytest.mark.parametrize("name", ["mnist-dnn", "vgg-localnorm-plain-head", "resnet32-preact"])
def test_sizes_are_read_from_the_shapes(name: str) -> None:
    saved = build_model(name, num_classes=23, in_channels=2)
    loaded = load(saved, name)
    assert (loaded.num_classes, loaded.num_groups, loaded.network) == (23, 1, name)
    assert_same_tensors(loaded.model, saved)
    assert not any(module.training for module in loaded.model.modules())
