from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.norms import NoisyBatchNorm2d, StatisticsLayout, replace_norms, with_statistics
from robustbench_ln.training.torch_seed import torch_seeded
from tests.norms.networks import random_images, small_net
from tests.references.norm_reference import normalize, set_statistics


def test_training_is_batchnorm_and_then_the_noise_of_the_step():
    layer, images = NoisyBatchNorm2d(3).double(), random_images(4).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 2.0, -1.0]))
        layer.bias.copy_(torch.tensor([3.0, 0.1, 0.2]))
    with torch_seeded(0, "noise"):
        noise = layer.draw_noise(4)
    with torch_seeded(0, "noise"):
        ours = layer(images)
    mean, variance = set_statistics(images.numpy())
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    plain = normalize(images.numpy(), mean, variance, weight, bias, layer.eps)
    expected = plain * noise.scale.numpy() + noise.shift.numpy()
    # float64 on both sides; sums differ in their order only
    np.testing.assert_allclose(ours.detach(), expected, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(layer.running_mean, 0.1 * mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, 0.9 + 0.1 * variance, rtol=1e-12)


def test_the_noise_has_the_bounds_of_the_layer():
    layer = NoisyBatchNorm2d(400, shift=0.5, scale=1.25, spread=0.1)
    with torch_seeded(0, "noise"):
        shift, scale = layer.draw_noise(500)
        other = layer.draw_noise(500)
    assert shift.shape == scale.shape == (500, 400, 1, 1)
    means, scales = shift.mean(dim=0).flatten(), scale.mean(dim=0).flatten()  # of each channel
    assert means.abs().max() < 0.52  # 0.5, and 0.1 / sqrt(3 * 500) of the images
    assert means.std() == pytest.approx(0.5 / 3**0.5, rel=0.1)  # of U(-0.5, 0.5)
    assert means.mean() == pytest.approx(0, abs=0.06)
    assert scales.min() == pytest.approx(1, abs=0.02)
    assert scales.max() == pytest.approx(1.25, abs=0.02)
    assert (shift - shift.mean(dim=0)).abs().max() < 0.11
    assert (shift - shift.mean(dim=0)).std() == pytest.approx(0.1 / 3**0.5, rel=0.02)
    assert (scale - scale.mean(dim=0)).std() == pytest.approx(0.1, rel=0.02)
    assert (other.shift.mean(dim=0).flatten() - means).std() > 0.3  # another step, other means


def test_evaluation_is_batchnorm_under_every_layout():
    model, images = small_net(), random_images(4)
    noisy = replace_norms(model, "noisy", num_groups=1).model
    with torch.no_grad():
        assert torch.equal(noisy(images), model(images))
    for layout in (
        StatisticsLayout.running(), StatisticsLayout.image(), StatisticsLayout.rot90(),
        StatisticsLayout.batch(2), StatisticsLayout.batch(4, prior=12.0),
    ):  # fmt: skip
        views = [with_statistics(m, layout, image_shape=(3, 8, 8)) for m in (model, noisy)]
        assert torch.equal(views[0](images), views[1](images))


def test_without_noise_it_trains_as_batchnorm():
    layer, images = NoisyBatchNorm2d(3, shift=0, scale=1, spread=0), random_images(4)
    assert torch.allclose(layer(images), torch.nn.BatchNorm2d(3)(images), atol=1e-6)
