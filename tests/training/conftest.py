"""A checkpoint to start from."""

from __future__ import annotations

import pytest
import torch

from robustbench_ln.training import StartSource, start_network
from tests.training.networks import images_of, save
from tests.training.stages import spec_of


@pytest.fixture
def saved(tmp_path):
    """A BatchNorm ResNet-20 of ten classes, which says its input normalisation."""
    start = start_network(StartSource(arch="resnet20"), images_of(10), spec_of())
    with torch.no_grad():
        start.model.bn1.weight.copy_(torch.arange(16))
    return save(tmp_path / "bn.pt", start, norm="batch", normalize="imagenet")
