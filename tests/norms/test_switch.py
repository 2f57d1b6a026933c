from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import StatisticsLayout, SwitchNorm2d, find_norm_layers, with_statistics
from tests.norms.networks import random_images
from tests.references.running_norm_reference import batch_of_sets, moments_of, switch_norm

SHAPE = (3, 5, 5)


def random_layer(num_features: int = 3, *, eps: float = 1e-3) -> SwitchNorm2d:
    """A layer whose parameters and statistics all differ, in float64."""
    layer = SwitchNorm2d(num_features, eps=eps).double()
    generator = torch.Generator().manual_seed(5)
    for value in layer.state_dict().values():
        value.copy_(torch.rand(value.shape, generator=generator) * 2 + 0.1)
    return layer


def random_features(number: int = 4) -> torch.Tensor:
    offsets = torch.tensor([0.0, 3.0, -1.0], dtype=torch.float64)[None, :, None, None]
    return random_images(number, size=5).double() + offsets


def reference(layer: SwitchNorm2d, images: torch.Tensor, batch) -> np.ndarray:
    state = {name: value.numpy() for name, value in layer.state_dict().items()}
    return switch_norm(
        images.numpy(), state["weight"], state["bias"], layer.eps,
        mean_weight=state["mean_weight"], var_weight=state["var_weight"], batch=batch,
    )  # fmt: skip


def close(ours: torch.Tensor, expected: np.ndarray) -> None:
    # float64 on both sides; sums differ in their order only
    np.testing.assert_allclose(ours.detach(), expected, rtol=1e-10, atol=1e-11)


def test_training_equals_the_reference():
    layer, images = random_layer(), random_features()
    close(layer(images), reference(layer, images, batch_of_sets(images.numpy(), 4)))


def test_evaluation_has_the_running_batch_part():
    layer, images = random_layer().eval(), random_features()
    running = tuple(np.tile(v.numpy(), (4, 1)) for v in (layer.running_mean, layer.running_var))
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    close(layer(images), reference(layer, images, running))
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())
    alone = torch.cat([layer(image[None]) for image in images])
    close(alone, layer(images).detach().numpy())


def test_running_statistics_move_by_the_momentum_and_are_biased():
    layer, images = random_layer(), random_features()
    old_mean, old_var = layer.running_mean.clone(), layer.running_var.clone()
    layer(images)
    for c in range(3):
        mean, var = moments_of(images[:, c].numpy())
        assert layer.running_mean[c].item() == pytest.approx(0.9 * old_mean[c].item() + 0.1 * mean)
        assert layer.running_var[c].item() == pytest.approx(0.9 * old_var[c].item() + 0.1 * var)


def test_fresh_layers_mix_in_equal_parts():
    layer = SwitchNorm2d(3)
    assert layer.mean_weight.tolist() == layer.var_weight.tolist() == [1.0, 1.0, 1.0]
    assert (layer.eps, layer.momentum) == (1e-5, 0.1)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_one_part_alone_is_torchs_own_norm(part):
    images = random_features()
    layer = SwitchNorm2d(3).double()
    with torch.no_grad():
        layer.mean_weight[part] = layer.var_weight[part] = 100.0
    twin = (
        nn.InstanceNorm2d(3).double(),
        nn.GroupNorm(1, 3).double(),
        nn.BatchNorm2d(3).double(),
    )[part]
    close(layer(images), twin(images).detach().numpy())


def test_gradients_are_right_in_float64():
    layer = random_layer(2)
    images = random_features(3)[:, :2, :3, :3].contiguous().requires_grad_()
    names = ("weight", "bias", "mean_weight", "var_weight")
    kept = {name: value.clone() for name, value in layer.named_buffers()}

    def run(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)) | kept, x)

    assert torch.autograd.gradcheck(run, (images, *(getattr(layer, name) for name in names)))


@pytest.mark.parametrize(
    ("layout", "set_size"), [(StatisticsLayout.image(), 1), (StatisticsLayout.batch(2), 2)]
)
def test_a_layout_replaces_the_batch_part_only(layout, set_size):
    layer, images = random_layer(), random_features()
    view = with_statistics(layer, layout, image_shape=SHAPE)
    close(view(images), reference(layer, images, batch_of_sets(images.numpy(), set_size)))


def test_rotations_share_the_batch_part_only():
    torch.manual_seed(0)
    conv, layer = nn.Conv2d(3, 3, 3, padding=1).double(), random_layer()
    image = random_features(1)
    turned = torch.cat([torch.rot90(image, k, dims=(2, 3)) for k in range(4)])
    features = conv(turned).detach()
    expected = reference(layer, features, batch_of_sets(features.numpy(), 4))[:1]
    close(
        with_statistics(nn.Sequential(conv, layer), StatisticsLayout.rot90(), image_shape=SHAPE)(
            image
        ),
        expected,
    )


def test_running_and_bn_adapt():
    layer, images = random_layer().eval(), random_features()
    running = with_statistics(layer, StatisticsLayout.running(), image_shape=SHAPE)
    close(running(images), layer(images).detach().numpy())
    mixed = with_statistics(layer, StatisticsLayout.batch(4, prior=12.0), image_shape=SHAPE)
    sets = batch_of_sets(images.numpy(), 4)
    old = (layer.running_mean.numpy(), layer.running_var.numpy())
    batch = tuple(0.75 * r[None] + 0.25 * s for r, s in zip(old, sets, strict=True))
    close(mixed(images), reference(layer, images, batch))


def test_the_layer_table_knows_it():
    (row,) = find_norm_layers(SwitchNorm2d(3, eps=1e-4), SHAPE)
    assert (row.kind, row.num_features, row.num_groups, row.eps, row.has_running) == (
        "batch", 3, 1, 1e-4, True,
    )  # fmt: skip


def test_wrong_batches_are_refused():
    with pytest.raises(
        LayoutError, match=r"SwitchNorm2d saw shape \[4, 3, 8, 8\]; expected \[N, 5"
    ):
        SwitchNorm2d(5)(random_images(4))
    with pytest.raises(LayoutError, match="saw 1 values for each channel in training; a variance"):
        SwitchNorm2d(3)(random_images(1, size=1))
    assert SwitchNorm2d(3).eval()(random_images(1, size=1)).isfinite().all()
