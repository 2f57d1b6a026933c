"""Any norm in the place of BatchNorm2d, by one rule."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError, SpecError
from robustbench_ln.norms import NORMS, convert_batchnorm, replace_norms
from robustbench_ln.norms.layers import layer_kind
from tests.norms.networks import random_images, settle, small_net

WITH_RUNNING = ("batch", "switch", "renorm", "ghost", "l1", "linf", "noisy")


class NormAndActivation(nn.BatchNorm2d):
    def forward(self, images):
        return super().forward(images).relu()


@pytest.mark.parametrize("norm", NORMS)
def test_every_batchnorm2d_becomes_the_norm_with_the_same_parameters(norm):
    model = small_net(norm_after_linear=True).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copied = replace_norms(model, norm, num_groups=4)
    assert copied.replaced == ("bn1", "bn2")
    for name in copied.replaced:
        old, new = model.get_submodule(name), copied.model.get_submodule(name)
        assert type(new) is NORMS[norm].layer
        assert (new is old, new.eps, new.training) == (False, old.eps, True)
        for key in ("weight", "bias"):
            expected = getattr(old, key).expand(getattr(new, key).shape)
            assert torch.equal(getattr(new, key), expected)
        for key in ("running_mean", "running_var"):
            kept = getattr(new, key, None)
            assert (kept is not None) == (norm in WITH_RUNNING)
            assert kept is None or torch.equal(kept, getattr(old, key))
    assert type(copied.model.bn3) is nn.BatchNorm1d
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert copied.model(random_images(8)).shape == (8, 5)


@pytest.mark.parametrize("norm", NORMS)
def test_layouts_know_the_layers_of_every_norm(norm):
    layer = replace_norms(nn.BatchNorm2d(4), norm, num_groups=2).model
    assert layer_kind(layer) in ("batch", "local", "fixed")


def test_group_norm_has_32_groups_or_the_largest_divisor_with_two_channels_in_each():
    sizes = {1: 1, 2: 1, 7: 1, 16: 8, 32: 16, 37: 1, 40: 20, 48: 24, 64: 32, 66: 22, 96: 32}
    for num_features, expected in sizes.items():
        layer = replace_norms(nn.BatchNorm2d(num_features), "group", num_groups=1).model
        assert layer.num_groups == expected
    assert replace_norms(nn.BatchNorm2d(6), "layer", num_groups=1).model.num_groups == 1


def test_renorm_goes_on_from_the_steps_of_batchnorm():
    layer = nn.BatchNorm2d(3)
    for _ in range(5):
        layer(random_images(2))
    assert replace_norms(layer, "renorm", num_groups=1).model.num_steps == 5


@pytest.mark.parametrize("norm", NORMS)
def test_layers_without_affine_or_running_statistics(norm):
    model = nn.BatchNorm2d(3, affine=False, track_running_stats=False).double()
    layer = replace_norms(model.eval(), norm, num_groups=2).model
    assert not layer.training
    weight = getattr(layer, "weight", None)
    assert weight is None if norm == "batch" else weight.eq(1).all()


@pytest.mark.parametrize("norm", NORMS)
def test_what_is_frozen_stays_frozen(norm):
    frozen = nn.BatchNorm2d(4)
    frozen.bias.requires_grad_(False)
    layer = replace_norms(frozen, norm, num_groups=2).model
    assert layer.weight.requires_grad
    assert not layer.bias.requires_grad


@pytest.mark.parametrize("norm", NORMS)
def test_dtype_follows_the_network(norm):
    copied = replace_norms(small_net().double(), norm, num_groups=2)
    assert {value.dtype for value in copied.model.parameters()} == {torch.float64}


def test_local_groups_start_equal_and_convert_is_the_same_rule():
    model = small_net()
    replaced = replace_norms(model, "local", num_groups=3).model.state_dict()
    converted = convert_batchnorm(model, 3).model.state_dict()
    assert list(replaced) == list(converted)
    assert all(torch.equal(replaced[name], value) for name, value in converted.items())


def test_a_layer_in_two_places_stays_one_layer():
    shared = nn.BatchNorm2d(3)
    copied = replace_norms(nn.Sequential(shared, nn.ReLU(), shared), "group", num_groups=1)
    assert copied.replaced == ("0", "2")
    assert isinstance(copied.model[0], nn.GroupNorm)
    assert copied.model[0] is copied.model[2]


def test_what_cannot_be_replaced_is_refused_by_name():
    with pytest.raises(SpecError, match=r"unknown norm 'swtich'; did you mean 'switch'"):
        replace_norms(small_net(), "swtich", num_groups=2)
    with pytest.raises(
        LayoutError, match="no BatchNorm2d layer, but BatchNorm1d, GroupNorm; there is"
    ):
        replace_norms(nn.Sequential(nn.GroupNorm(2, 4), nn.BatchNorm1d(4)), "group", num_groups=2)
    with pytest.raises(LayoutError, match="no BatchNorm2d layer; there is nothing to convert. Use"):
        replace_norms(nn.Conv2d(3, 4, 1), "group", num_groups=2)
    special = settle(nn.Sequential(NormAndActivation(3)))
    with pytest.raises(
        LayoutError, match="'0' is a NormAndActivation, which may do more than norm"
    ):
        replace_norms(special, "group", num_groups=2)
    assert type(replace_norms(special, "batch", num_groups=2).model[0]) is NormAndActivation
