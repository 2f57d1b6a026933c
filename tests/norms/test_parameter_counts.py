"""Parameters of the papers' networks under each norm: their table 2, and a count on paper."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_ln.models import build_model
from robustbench_ln.norms import NORMS, count_parameters, replace_norms
from tests.references import parameter_reference as reference

LAYERS = {
    "mnist-dnn": (reference.mnist_dnn(), 10),
    "vgg-localnorm": (reference.vgg_localnorm(), 8),
    "resnet32-preact": (reference.resnet32_preact(), 8),
}


@pytest.mark.parametrize("arch", LAYERS)
def test_every_norm_has_the_parameters_of_its_definition(arch):
    layers, groups = LAYERS[arch]
    bare = build_model(arch)
    for norm in NORMS:
        model = replace_norms(bare, norm, num_groups=groups).model
        assert count_parameters(model) == reference.count(layers, norm, groups), norm


@pytest.mark.parametrize(
    ("arch", "norm", "trainable", "with_running"),
    [
        # Table 2 of the papers (arXiv) where it agrees: BatchNorm, and SwitchNorm on VGG.
        ("vgg-localnorm", "batch", 14_991_946, 15_001_418),
        ("vgg-localnorm", "switch", 14_992_024, 15_001_496),
        ("resnet32-preact", "batch", 467_946, 470_218),
        # The papers have 470,414: ten more.
        ("resnet32-preact", "switch", 468_132, 470_404),
        # The papers have 15,115,690 and 473,610, which 8 groups do not give.
        ("vgg-localnorm", "local", 15_051_082, 15_052_106),
        ("resnet32-preact", "local", 483_850, 483_850),
    ],
)
def test_counts_of_the_papers_table(arch, norm, trainable, with_running):
    model = replace_norms(build_model(arch), norm, num_groups=8).model
    assert count_parameters(model) == (trainable, with_running)


def test_a_layer_in_two_places_counts_once_and_frozen_buffers_do_not():
    shared = nn.BatchNorm2d(3)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    model.register_buffer("offset", torch.zeros(7))
    assert count_parameters(model) == (6, 12)
