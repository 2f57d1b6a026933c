from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import (
    GhostBatchNorm2d,
    LocalNorm2d,
    StatisticsLayout,
    find_norm_layers,
    replace_norms,
    with_statistics,
)
from tests.norms.networks import random_images, small_net
from tests.references.ghost_reference import Ghost, ghost_norm


def random_layer(set_size: int = 2, num_features: int = 3) -> GhostBatchNorm2d:
    """A layer whose parameters and statistics all differ, in float64."""
    layer = GhostBatchNorm2d(num_features, set_size=set_size, eps=1e-3, momentum=0.3).double()
    generator = torch.Generator().manual_seed(7)
    for name, value in layer.state_dict().items():
        if name != "set_size":
            value.copy_(torch.rand(value.shape, generator=generator) * 2 + 0.1)
    return layer


def random_features(number: int = 6) -> torch.Tensor:
    return random_images(number, size=3).double() + torch.arange(number)[:, None, None, None]


def reference(layer: GhostBatchNorm2d, images: torch.Tensor, set_size: int) -> Ghost:
    state = {name: value.detach().numpy().copy() for name, value in layer.state_dict().items()}
    return ghost_norm(
        images.numpy(), set_size, state["weight"], state["bias"], layer.eps,
        running_mean=state["running_mean"], running_var=state["running_var"],
        momentum=layer.momentum,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("most", "number", "set_size"), [(2, 6, 2), (4, 6, 3), (16, 6, 6), (5, 8, 4), (16, 1, 1)]
)
def test_training_equals_the_reference(most, number, set_size):
    layer, images = random_layer(most), random_features(number)
    expected = reference(layer, images, set_size)
    # float64 on both sides; sums differ in their order only
    np.testing.assert_allclose(layer(images).detach(), expected.images, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(layer.running_mean, expected.running_mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, expected.running_var, rtol=1e-12)


def test_sets_of_training_have_16_images():
    assert int(GhostBatchNorm2d(3).set_size) == 16
    images = random_images(32)
    whole = nn.BatchNorm2d(3)
    parts = torch.cat([whole(part) for part in images.split(16)])
    assert torch.allclose(GhostBatchNorm2d(3)(images), parts, atol=1e-5)


def test_it_trains_as_local_norm_with_equal_groups_does():
    ghost, local, images = random_layer(), LocalNorm2d(3, 3, eps=1e-3).double(), random_features()
    with torch.no_grad():
        local.weight.copy_(ghost.weight)
        local.bias.copy_(ghost.bias)
    assert torch.equal(ghost(images), local(images))


def test_gradients_are_right_in_float64():
    layer, images = random_layer(num_features=2), random_features()[:, :2].contiguous()
    kept = {name: value.clone() for name, value in layer.named_buffers()}

    def run(x, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias} | kept, x)

    assert torch.autograd.gradcheck(run, (images.requires_grad_(), layer.weight, layer.bias))


def test_evaluation_is_batchnorm_and_changes_nothing():
    model, images = small_net(), random_images(4)
    ghost = replace_norms(model, "ghost", num_groups=1).model
    before = {name: value.clone() for name, value in ghost.state_dict().items()}
    with torch.no_grad():
        assert torch.equal(ghost(images), model(images))
    assert all(torch.equal(before[name], value) for name, value in ghost.state_dict().items())


@pytest.mark.parametrize(
    "layout",
    [
        StatisticsLayout.running(),
        StatisticsLayout.image(),
        StatisticsLayout.batch(2),
        StatisticsLayout.batch(4, prior=12.0),
        StatisticsLayout.rot90(),
    ],
)
def test_every_layout_sees_batchnorm(layout):
    model, images = small_net(), random_images(4)
    ghost = replace_norms(model, "ghost", num_groups=1).model
    views = [with_statistics(m, layout, image_shape=(3, 8, 8)) for m in (model, ghost)]
    assert torch.equal(views[0](images), views[1](images))
    (row,) = find_norm_layers(GhostBatchNorm2d(3), (3, 8, 8))
    assert (row.kind, row.has_running, row.class_name) == ("batch", True, "GhostBatchNorm2d")


@pytest.mark.parametrize(
    ("set_size", "number", "side"), [(16, 17, 8), (0, 4, 8), (-3, 4, 8), (1, 4, 8), (2, 3, 8)]
)
def test_batches_without_equal_sets_are_refused(set_size, number, side):
    with pytest.raises(
        LayoutError, match=f"cannot cut {number} images into equal sets of 2 to {set_size} in"
    ):
        GhostBatchNorm2d(3, set_size=set_size)(random_images(number, size=side))


def test_wrong_shapes_and_single_values_are_refused():
    with pytest.raises(LayoutError, match=r"GhostBatchNorm2d saw shape \[4, 3, 8, 8\]; expected"):
        GhostBatchNorm2d(5)(random_images(4))
    with pytest.raises(LayoutError, match="saw 1 values for each channel in training"):
        GhostBatchNorm2d(3)(random_images(1, size=1))
    assert GhostBatchNorm2d(3).eval()(random_images(17, size=1)).isfinite().all()


def test_the_set_size_travels_with_the_weights():
    layer, other = GhostBatchNorm2d(3, set_size=4), GhostBatchNorm2d(3)
    other.load_state_dict(layer.state_dict())
    assert int(other.set_size) == 4
    assert "set_size=4" in repr(other)
    assert other.half().set_size.dtype == torch.int64
