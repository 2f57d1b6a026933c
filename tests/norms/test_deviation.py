from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import (
    L1Norm2d,
    LInfNorm2d,
    StatisticsLayout,
    find_norm_layers,
    with_statistics,
)
from tests.norms.networks import random_images
from tests.references.deviation_reference import deviation_norm, deviation_of

LAYERS = {"l1": L1Norm2d, "linf": LInfNorm2d}
ORDERS = pytest.mark.parametrize("order", LAYERS)


def random_layer(order: str, num_features: int = 3):
    """A layer whose parameters and statistics all differ, in float64."""
    layer = LAYERS[order](num_features, eps=1e-3, momentum=0.3).double()
    generator = torch.Generator().manual_seed(7)
    for value in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
        value.copy_(torch.rand(value.shape, generator=generator) * 2 + 0.1)
    return layer


def random_features(number: int = 4) -> torch.Tensor:
    return random_images(number, size=5).double() + torch.arange(number)[:, None, None, None]


def reference(layer, images: torch.Tensor, set_size: int, order: str) -> np.ndarray:
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    return deviation_norm(images.numpy(), set_size, weight, bias, layer.eps, order=order)


def close(ours: torch.Tensor, expected) -> None:
    # float64 on both sides; sums differ in their order only
    np.testing.assert_allclose(ours.detach(), expected, rtol=1e-10, atol=1e-11)


@ORDERS
def test_training_equals_the_reference(order):
    layer, images = random_layer(order), random_features()
    old_mean, old_var = layer.running_mean.clone(), layer.running_var.clone()
    close(layer(images), reference(layer, images, 4, order))
    for c in range(3):
        mean, deviation = deviation_of(images[:, c].numpy(), order)
        assert layer.running_mean[c] == pytest.approx(0.7 * old_mean[c].item() + 0.3 * mean)
        assert layer.running_var[c] == pytest.approx(0.7 * old_var[c].item() + 0.3 * deviation**2)


@ORDERS
def test_evaluation_has_the_running_deviation(order):
    layer, images = random_layer(order).eval(), random_features()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    mean, root = layer.running_mean, (layer.running_var + layer.eps).sqrt()
    axes = (None, slice(None), None, None)
    expected = (images - mean[axes]) / root[axes] * layer.weight[axes] + layer.bias[axes]
    close(layer(images), expected.detach())
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())


@ORDERS
@pytest.mark.parametrize(
    ("layout", "set_size"),
    [(StatisticsLayout.image(), 1), (StatisticsLayout.batch(2), 2), (StatisticsLayout.batch(4), 4)],
)
def test_a_layout_has_the_deviation_of_its_sets(order, layout, set_size):
    layer, images = random_layer(order), random_features()
    view = with_statistics(layer, layout, image_shape=(3, 5, 5))
    close(view(images), reference(layer, images, set_size, order))


@ORDERS
def test_rotations_share_the_deviation(order):
    layer, image = random_layer(order), random_features(1)
    view = with_statistics(layer, StatisticsLayout.rot90(), image_shape=(3, 5, 5))
    turned = torch.cat([torch.rot90(image, k, dims=(2, 3)) for k in range(4)])
    close(view(image), reference(layer, turned, 4, order)[:1])


@ORDERS
def test_bn_adapt_mixes_squared_deviations(order):
    layer, images = random_layer(order), random_features()
    view = with_statistics(layer, StatisticsLayout.batch(4, prior=12.0), image_shape=(3, 5, 5))
    expected = torch.zeros_like(images)
    for c in range(3):
        mean, deviation = deviation_of(images[:, c].numpy(), order)
        mixed_mean = 0.75 * layer.running_mean[c] + 0.25 * mean
        mixed_square = 0.75 * layer.running_var[c] + 0.25 * deviation**2
        shown = (images[:, c] - mixed_mean) / (mixed_square + layer.eps).sqrt()
        expected[:, c] = shown * layer.weight[c] + layer.bias[c]
    close(view(images), expected.detach())


@ORDERS
def test_gradients_are_right_in_float64(order):
    layer, images = random_layer(order, 2), random_features(2)[:, :2, :3, :3].contiguous()
    kept = {name: value.clone() for name, value in layer.named_buffers()}

    def run(x, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias} | kept, x)

    assert torch.autograd.gradcheck(run, (images.requires_grad_(), layer.weight, layer.bias))


@ORDERS
def test_the_layer_table_knows_it_and_wrong_batches_are_refused(order):
    (row,) = find_norm_layers(random_layer(order), (3, 5, 5))
    assert (row.kind, row.has_running, row.eps) == ("batch", True, 1e-3)
    with pytest.raises(LayoutError, match=r"saw shape \[4, 3, 5, 5\]; expected \[N, 7"):
        LAYERS[order](7)(random_features())
    with pytest.raises(LayoutError, match="saw 1 values for each channel in training"):
        LAYERS[order](3)(random_images(1, size=1))
