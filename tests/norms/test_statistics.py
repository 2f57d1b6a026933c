from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import (
    StatisticsLayout,
    convert_batchnorm,
    find_norm_layers,
)
from tests.norms.networks import random_images, set_layout, settle, small_net, view
from tests.references.norm_reference import by_sets, rotations, with_rotations


def digest(model: nn.Module) -> str:
    state = hashlib.sha256()
    for name, value in model.state_dict().items():
        state.update(name.encode() + value.numpy().tobytes())
    flags = [(n, m.training, type(m).__name__) for n, m in model.named_modules()]
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    own = [sorted(vars(module)) for module in model.modules()]  # a replaced forward lies there
    return state.hexdigest() + repr((flags, hooks, own))


@pytest.mark.parametrize(
    "layout",
    [
        StatisticsLayout.running(),
        StatisticsLayout.image(),
        StatisticsLayout.rot90(),
        StatisticsLayout.batch(4),
        StatisticsLayout.batch(4, prior=16.0),
    ],
)
def test_the_given_model_is_never_changed(layout):
    model = small_net(norm_after_linear=True).train()
    before = digest(model)
    with torch.no_grad():
        view(model, layout)(random_images(8))
    assert digest(model) == before


def test_running_equals_the_models_own_eval_output():
    model, images = small_net(norm_after_linear=True), random_images(8)
    with torch.no_grad():
        assert torch.allclose(
            view(model, StatisticsLayout.running())(images), model(images), atol=1e-5
        )


@pytest.mark.parametrize("set_size", [1, 2, 4, 8])
def test_a_norm_layer_under_a_set_layout_equals_the_reference(set_size):
    model = settle(nn.BatchNorm2d(3, eps=1e-2))
    images = random_images(8, size=5)
    ours = view(model, set_layout(set_size), (3, 5, 5))(images)
    expected = by_sets(
        images.double().numpy(), set_size,
        model.weight.detach().double().numpy(), model.bias.detach().double().numpy(), 1e-2,
    )  # fmt: skip
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_a_norm_layer_under_rotations_equals_the_reference():
    # one layer alone cannot tell rotations apart (the same values): a convolution goes first
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(3, 4, 3, padding=1).double(), settle(nn.BatchNorm2d(4)).double()
    images = random_images(3, size=6).double()
    ours = view(nn.Sequential(conv, norm), StatisticsLayout.rot90(), (3, 6, 6))(images)
    expected = []
    for image in images.numpy():
        turned = torch.from_numpy(np.stack(rotations(image)))
        features = conv(turned).detach().numpy()
        reference = by_sets(
            features, 4, norm.weight.detach().numpy(), norm.bias.detach().numpy(), norm.eps
        )
        expected.append(reference[0])
    np.testing.assert_allclose(ours, np.stack(expected), rtol=1e-9, atol=1e-10)
    # and the first layer's statistics are those of the image's own values, turned or not
    alone = settle(nn.BatchNorm2d(3))
    turned = with_rotations(
        images.numpy(), alone.weight.detach().numpy(), alone.bias.detach().numpy(), alone.eps
    )
    np.testing.assert_allclose(
        view(alone, StatisticsLayout.image(), (3, 6, 6))(images.float()), turned, atol=1e-4
    )


@pytest.mark.parametrize(
    ("layout", "rows"),
    [(StatisticsLayout.image(), 1), (set_layout(4), 4), (StatisticsLayout.batch(4), 4)],
)
def test_one_big_batch_equals_set_by_set(layout, rows):
    model, images = small_net(), random_images(8)
    together = view(model, layout)(images)
    apart = torch.cat([view(model, layout)(images[i : i + rows]) for i in range(0, 8, rows)])
    assert torch.allclose(together, apart, atol=1e-5)


def test_the_batch_layout_equals_the_network_in_training_mode_without_dropout():
    model, images = small_net(norm_after_linear=True), random_images(8)
    ours = view(model, StatisticsLayout.batch(8))(images)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            module.train()
    with torch.no_grad():
        assert torch.allclose(ours, model(images), atol=1e-4)


def test_every_group_of_a_fresh_conversion_is_dynamic_batchnorm():
    model, images = small_net(), random_images(8)
    expected = view(model, set_layout(4))(images)
    local = view(convert_batchnorm(model, 3).model, set_layout(4))
    assert local.num_groups == 3
    for group in range(3):
        assert torch.allclose(local(images, group=group), expected, atol=1e-5)


def test_groups_have_their_own_parameters():
    local = settle(convert_batchnorm(nn.BatchNorm2d(3), 2).model)
    images = random_images(4, size=5)
    run = view(local, set_layout(2), (3, 5, 5))
    for group in range(2):
        expected = by_sets(
            images.double().numpy(), 2,
            local.weight[group].detach().double().numpy(),
            local.bias[group].detach().double().numpy(), local.eps,
        )  # fmt: skip
        np.testing.assert_allclose(run(images, group=group), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(LayoutError, match=r"group 2 does not exist; groups are 0\.\.1"):
        run(images, group=2)
    model = small_net()
    model.unused = local  # no images get there: there is nothing to choose
    assert (
        view(model, StatisticsLayout.running()).num_groups
        == view(model, set_layout(2)).num_groups
        == 1
    )


@pytest.mark.parametrize(
    ("prior", "twin"),
    [(0.0, StatisticsLayout.batch(4)), (float("inf"), StatisticsLayout.running())],
)
def test_bn_adapt_ends_at_dbn_batch_and_bn(prior, twin):
    model, images = small_net(), random_images(8)
    mixed = view(model, StatisticsLayout.batch(4, prior=prior))(images)
    assert torch.allclose(mixed, view(model, twin)(images), atol=1e-5)


def test_bn_adapt_in_between_equals_the_formula():
    model = settle(nn.BatchNorm2d(3))
    images = random_images(4, size=5).double()
    ours = view(model.double(), StatisticsLayout.batch(4, prior=12.0), (3, 5, 5))(images)
    share = 12 / (12 + 4)
    mean = share * model.running_mean + (1 - share) * images.mean((0, 2, 3))
    var = share * model.running_var + (1 - share) * images.var((0, 2, 3), unbiased=False)
    expected = nn.functional.batch_norm(images, mean, var, model.weight, model.bias, eps=model.eps)
    assert torch.allclose(ours, expected.detach(), atol=1e-10)


def test_batchnorm1d_after_linear_keeps_running_statistics_for_one_image_only():
    model, images = small_net(norm_after_linear=True), random_images(4)
    for layout in (StatisticsLayout.image(), StatisticsLayout.rot90(), set_layout(1)):
        assert view(model, layout).running_layers == ("bn3",)
        assert view(model, layout)(images).isfinite().all()
    assert view(model, set_layout(4)).running_layers == ()
    # with sets it is dynamic: moving its running mean changes nothing
    sets, single = (
        view(model, layout)(images) for layout in (set_layout(4), StatisticsLayout.image())
    )
    model.bn3.running_mean += 5
    assert torch.equal(view(model, set_layout(4))(images), sets)
    assert not torch.allclose(view(model, StatisticsLayout.image())(images), single, atol=0.1)


class NormAndActivation(nn.BatchNorm2d):
    """Like timm's BatchNormAct2d: a subclass whose forward does more."""

    def forward(self, images):
        return nn.functional.relu(super().forward(images)) + 1


@pytest.mark.parametrize(
    "layout", [StatisticsLayout.image(), set_layout(2), StatisticsLayout.rot90()]
)
def test_subclasses_keep_what_else_they_do(layout):
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, 3, padding=1)
    special = settle(NormAndActivation(4, eps=1e-3))
    plain = nn.BatchNorm2d(4, eps=1e-3)
    plain.load_state_dict(special.state_dict())
    images = random_images(4)
    run = view(nn.Sequential(conv, special), layout)
    ours = run(images)
    expected = view(nn.Sequential(conv, plain), layout)(images).relu() + 1
    assert torch.allclose(ours, expected, atol=1e-5)
    assert ours.min() >= 1
    for name in ("running_mean", "running_var"):
        assert torch.equal(getattr(run.network[1], name), getattr(special, name))


@pytest.mark.parametrize(
    "norm", [nn.SyncBatchNorm(3), nn.BatchNorm2d(3, affine=False), nn.BatchNorm2d(3, eps=1e-3)]
)
def test_other_batchnorms_equal_the_reference(norm):
    norm = settle(norm)
    images = random_images(4, size=5)
    weight = np.ones(3) if norm.weight is None else norm.weight.detach().double().numpy()
    bias = np.zeros(3) if norm.bias is None else norm.bias.detach().double().numpy()
    expected = by_sets(images.double().numpy(), 2, weight, bias, norm.eps)
    ours = view(norm, set_layout(2), (3, 5, 5))(images)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_frozen_batchnorm_takes_part():
    from torchvision.ops import FrozenBatchNorm2d

    frozen = settle(FrozenBatchNorm2d(3, eps=1e-3))
    images = random_images(4, size=5)
    expected = by_sets(
        images.double().numpy(), 2, frozen.weight.double().numpy(), frozen.bias.double().numpy(),
        1e-3,
    )  # fmt: skip
    layer = find_norm_layers(frozen, (3, 5, 5))[0]
    assert (layer.num_features, layer.has_running, layer.eps) == (3, True, 1e-3)
    ours = view(frozen, set_layout(2), (3, 5, 5))(images)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


class Volume(nn.Module):
    """A convolution over channels too: its weights have five axes, as in lambda networks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(1, 2, (2, 3, 3))

    def forward(self, images):
        return self.conv(images[:, None]).flatten(1, 2)


def test_networks_with_weights_of_five_axes_take_part():
    model, images = settle(nn.Sequential(Volume(), nn.BatchNorm2d(4))), random_images(4)
    features = model[0](images).detach().double().numpy()
    weight, bias = (v.detach().double().numpy() for v in model[1].parameters())
    ours = view(model, set_layout(2))(images)
    np.testing.assert_allclose(
        ours, by_sets(features, 2, weight, bias, model[1].eps), rtol=1e-3, atol=1e-4
    )


def test_networks_without_dynamic_layers_are_refused():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4))
    with pytest.raises(LayoutError, match="would change nothing; use modes='plain'"):
        view(model, StatisticsLayout.image())
    images = random_images(4)
    with torch.no_grad():
        assert torch.allclose(
            view(model, StatisticsLayout.running())(images), model(images), atol=1e-6
        )


def test_wrong_shapes_and_numbers_are_refused():
    model = small_net()
    with pytest.raises(LayoutError, match="rotated by 90 degrees .* crop="):
        view(model, StatisticsLayout.rot90(), (3, 8, 10))(torch.rand(1, 3, 8, 10))
    with pytest.raises(LayoutError, match="7 images cannot be cut into sets of 2"):
        view(model, set_layout(2))(random_images(7))
    with pytest.raises(LayoutError, match="cannot take images of 8x8 with 1 channels"):
        view(model, StatisticsLayout.image(), (1, 8, 8))
