from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import LocalNorm2d, convert_batchnorm
from tests.norms.networks import random_images, small_net
from tests.references.norm_reference import local_norm


def random_layer(num_features: int, num_groups: int, eps: float = 1e-5) -> LocalNorm2d:
    layer = LocalNorm2d(num_features, num_groups, eps=eps)
    generator = torch.Generator().manual_seed(7)
    layer.weight.data = torch.randn(num_groups, num_features, generator=generator)
    layer.bias.data = torch.randn(num_groups, num_features, generator=generator)
    return layer


@pytest.mark.parametrize(("num_groups", "eps"), [(1, 1e-5), (2, 1e-2), (4, 1e-5), (8, 1e-5)])
def test_layer_equals_the_reference(num_groups, eps):
    layer = random_layer(3, num_groups, eps)
    images = random_images(8, size=5)
    expected = local_norm(
        images.double().numpy(),
        layer.weight.detach().double().numpy(),
        layer.bias.detach().double().numpy(),
        eps,
    )
    np.testing.assert_allclose(layer(images).detach(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_large_mean_does_not_cancel(memory_format):
    layer = random_layer(3, 2)
    images = (random_images(8, size=5) + 1000).to(memory_format=memory_format)
    expected = local_norm(
        images.double().numpy(),
        layer.weight.detach().double().numpy(),
        layer.bias.detach().double().numpy(),
        layer.eps,
    )
    # Float32 keeps 1000 + x to 6e-5, and 1 / sd of uniform x is 3.5.
    np.testing.assert_allclose(layer(images).detach(), expected, rtol=0, atol=1e-3)


def test_statistics_are_float32_under_autocast():
    layer = random_layer(3, 2)
    images = (random_images(8, size=16) * 4 + 10).bfloat16()
    expected = local_norm(
        images.double().numpy(),
        layer.weight.detach().double().numpy(),
        layer.bias.detach().double().numpy(),
        layer.eps,
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        normalized = layer(images)
    # The result is rounded to 8 bits; a mean in bfloat16 would be off by up to 0.03 * 0.9.
    np.testing.assert_allclose(normalized.detach().float(), expected, rtol=5e-3, atol=5e-3)


def test_training_and_evaluation_mode_are_the_same():
    layer, images = random_layer(3, 2), random_images(4)
    assert torch.equal(layer.train()(images), layer.eval()(images))
    assert not list(layer.buffers())


def test_gradients_are_right_in_float64():
    layer = random_layer(2, 2).double()
    images = torch.rand(
        4, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    ).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, w, b: torch.func.functional_call(layer, {"weight": w, "bias": b}, x),
        (images, layer.weight, layer.bias),
    )


def test_one_group_is_batch_normalisation_of_the_batch():
    layer, images = random_layer(3, 1), random_images(6)
    expected = torch.nn.functional.batch_norm(
        images, None, None, layer.weight[0], layer.bias[0], training=True, eps=layer.eps
    )
    assert torch.allclose(layer(images), expected, atol=1e-5)


@pytest.mark.parametrize("number", [0, 3, 6])
def test_a_batch_that_does_not_divide_is_refused(number):
    with pytest.raises(LayoutError, match=f"{number} images cannot be cut into 4 equal groups"):
        random_layer(3, 4)(random_images(number))


def test_one_value_is_no_statistics_in_training():
    with pytest.raises(LayoutError, match="saw one value for each channel of a group in training"):
        random_layer(3, 4)(random_images(4, size=1))
    assert random_layer(3, 2)(random_images(4, size=1)).std() > 0
    layer = random_layer(3, 4).eval()  # as where a network is looked over with one grey image
    assert torch.allclose(layer(random_images(4, size=1))[..., 0, 0], layer.bias, atol=1e-3)


def test_wrong_channels_and_numbers_are_refused():
    with pytest.raises(LayoutError, match=r"saw shape \[4, 3, 8, 8\]; expected \[N, 5, H, W\]"):
        random_layer(5, 2)(random_images(4))
    with pytest.raises(LayoutError, match="start at 1"):
        LocalNorm2d(3, 0)


def test_convert_copies_parameters_to_every_group_and_leaves_the_rest():
    model = small_net(norm_after_linear=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    converted = convert_batchnorm(model, 4)
    assert converted.replaced == ("bn1", "bn2")
    local = converted.model.bn1
    assert isinstance(local, LocalNorm2d)
    assert local.eps == 1e-3
    assert torch.equal(local.weight, model.bn1.weight.expand(4, -1))
    assert torch.equal(local.bias, model.bn1.bias.expand(4, -1))
    assert isinstance(converted.model.bn3, torch.nn.BatchNorm1d)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_convert_refuses_networks_without_batchnorm_and_layers_that_do_more():
    with pytest.raises(LayoutError, match="nothing to convert"):
        convert_batchnorm(torch.nn.Linear(2, 2), 4)

    class NormAndActivation(torch.nn.BatchNorm2d):
        def forward(self, images):
            return super().forward(images).relu()

    with pytest.raises(LayoutError, match="'0' is a NormAndActivation, which may do more"):
        convert_batchnorm(torch.nn.Sequential(NormAndActivation(3)), 4)


def test_the_root_can_be_the_norm():
    assert isinstance(convert_batchnorm(torch.nn.BatchNorm2d(3), 2).model, LocalNorm2d)
