"""What the table of norm layers says, and layers that a layout cannot treat."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import (
    LocalNorm2d,
    StatisticsLayout,
    convert_batchnorm,
    find_norm_layers,
)
from tests.norms.networks import SHAPE, random_images, set_layout, settle, small_net, view
from tests.references.norm_reference import by_sets


def test_layers_without_running_statistics_refuse_running_and_run_dynamic():
    bare = settle(nn.BatchNorm2d(3, track_running_stats=False))
    images = random_images(4, size=5)
    with pytest.raises(LayoutError, match="has no running statistics.*use a dbn-\\* mode"):
        view(bare, StatisticsLayout.running(), (3, 5, 5))(images)
    expected = by_sets(
        images.double().numpy(), 4,
        bare.weight.detach().double().numpy(), bare.bias.detach().double().numpy(), bare.eps,
    )  # fmt: skip
    np.testing.assert_allclose(
        view(bare, set_layout(4), (3, 5, 5))(images), expected, rtol=1e-4, atol=1e-5
    )


def test_local_norm_on_one_position_is_refused_for_single_images_by_name():
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), convert_batchnorm(nn.BatchNorm2d(3), 2).model)
    with pytest.raises(LayoutError, match=r"'1' \(LocalNorm2d\) sees one value"):
        view(model, StatisticsLayout.image())
    assert view(model, set_layout(4))(random_images(4)).isfinite().all()


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
def test_a_network_that_cannot_be_copied_is_refused():
    model = nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4))
    for act in (lambda: view(model, StatisticsLayout.image()), lambda: convert_batchnorm(model, 2)):
        with pytest.raises(LayoutError, match=r"cannot be copied: .*torch.nn.utils.parametrizatio"):
            act()


def test_layers_of_different_numbers_of_groups_are_refused():
    model = nn.Sequential(LocalNorm2d(3, 4), nn.Conv2d(3, 3, 3), LocalNorm2d(3, 8))
    with pytest.raises(LayoutError, match="LocalNorm2d layers have 4 and 8 groups; group k is one"):
        view(model, set_layout(2))


def test_a_layer_in_two_places_has_the_positions_of_its_smallest_map():
    norm = nn.BatchNorm2d(3)
    for order in ((norm, nn.AdaptiveAvgPool2d(1), norm), (norm, norm)):
        (layer,) = find_norm_layers(nn.Sequential(*order), SHAPE)
        assert layer.positions == (1 if len(order) == 3 else 64)
    upwards = nn.Sequential(nn.AdaptiveAvgPool2d(1), norm, nn.Upsample(4), norm)
    assert find_norm_layers(upwards, SHAPE)[0].positions == 1


def test_the_layer_table_says_what_each_layer_is():
    model = small_net(norm_after_linear=True)
    model.unused = nn.BatchNorm2d(4)
    layers = find_norm_layers(convert_batchnorm(model, 2).model, SHAPE)
    assert [(x.name, x.kind, x.num_features, x.num_groups, x.positions) for x in layers] == [
        ("bn1", "local", 6, 2, 64),
        ("bn2", "local", 8, 2, 16),
        ("bn3", "batch", 12, 1, 1),
        ("unused", "local", 4, 2, None),
    ]
    assert [x.eps for x in layers] == [1e-3, 1e-5, 1e-5, 1e-5]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::torch.jit.TracerWarning")
def test_torchscript_is_refused():
    traced = torch.jit.trace(small_net(), random_images(1))
    with pytest.raises(LayoutError, match="TorchScript networks have fixed norm layers"):
        view(traced, StatisticsLayout.image())


def test_layouts_are_made_by_name():
    made = [
        StatisticsLayout.running(), StatisticsLayout.image(), StatisticsLayout.rot90(),
        StatisticsLayout.batch(4, prior=16.0), StatisticsLayout.set(4),
    ]  # fmt: skip
    assert [(one.name, one.set_size, one.prior, one.rows_per_set) for one in made] == [
        ("running", None, None, 1), ("image", 1, None, 1), ("rot90", 1, None, 4),
        ("batch", 4, 16.0, 4), ("set", 4, None, 4),
    ]  # fmt: skip
