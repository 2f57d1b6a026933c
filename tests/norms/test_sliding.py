from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import SpecError
from robustbench_ln.norms import (
    Moments,
    StatisticsLayout,
    check_sliding,
    convert_batchnorm,
    find_norm_layers,
    replace_norms,
)
from robustbench_ln.norms.sliding import slide
from tests.norms.networks import random_images, settle, small_net, view
from tests.references.norm_reference import by_windows


def sliding(size: int, *, prior: float | None = None) -> StatisticsLayout:
    return StatisticsLayout(name="batch", set_size=size, prior=prior, is_sliding=True)


def in_blocks(model, images: torch.Tensor, *sizes: int) -> torch.Tensor:
    """Logits of a stream that comes in blocks."""
    return torch.cat([model(block) for block in images.split(list(sizes))])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 50])
@pytest.mark.parametrize("blocks", [(11,), (1,) * 11, (2, 6, 3)])
def test_a_norm_layer_equals_the_reference(size, blocks):
    layer = settle(nn.BatchNorm2d(3, eps=1e-2))
    images = random_images(11, size=5) + 30  # far from 0: squares minus squares would cancel
    ours = in_blocks(view(layer, sliding(size), (3, 5, 5)), images, *blocks)
    gamma, beta = (v.detach().double().numpy() for v in (layer.weight, layer.bias))
    expected = by_windows(images.double().numpy(), size, gamma, beta, layer.eps)
    assert np.allclose(ours.numpy(), expected, atol=2e-4)


def restated(network: nn.Module, images: torch.Tensor, size: int) -> torch.Tensor:
    """SmallNet in float64, its two norm layers by the reference."""

    def norm(features: torch.Tensor, layer: nn.BatchNorm2d) -> torch.Tensor:
        gamma, beta = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        return torch.from_numpy(by_windows(features.numpy(), size, gamma, beta, layer.eps))

    with torch.no_grad():
        network = network.double()
        features = norm(network.conv1(images.double()), network.bn1)
        features = network.conv2(nn.functional.max_pool2d(features.relu(), 2))
        features = norm(features, network.bn2).relu().mean((2, 3))
        return network.head(network.dense(features).relu())


@pytest.mark.parametrize("size", [1, 4, 9])
def test_a_network_equals_the_reference(size):
    images = random_images(9)
    ours = in_blocks(view(small_net(), sliding(size)), images, 4, 1, 4)
    assert np.allclose(ours.numpy(), restated(small_net(), images, size).numpy(), atol=1e-5)


def test_no_image_depends_on_a_later_one_nor_on_where_blocks_begin():
    images = random_images(12)
    whole = view(small_net(), sliding(4))(images)
    parts = view(small_net(), sliding(4))
    for end in (3, 4, 9, 12):
        parts.remembered = {}
        assert torch.allclose(parts(images[:end]), whole[:end], atol=1e-6)


def test_a_window_of_one_image_is_the_image_alone():
    images = random_images(5)
    alone = view(small_net(norm_after_linear=True), StatisticsLayout.image())(images)
    assert torch.allclose(view(small_net(norm_after_linear=True), sliding(1))(images), alone)


def test_the_last_image_of_a_first_full_window_sees_what_a_set_of_one_layer_does():
    layer, images = settle(nn.BatchNorm2d(3)), random_images(6)
    sets = view(layer, StatisticsLayout.batch(6))(images)
    assert torch.allclose(view(layer, sliding(6))(images)[5], sets[5], atol=1e-5)


def test_a_stream_can_be_begun_again_and_gone_back_to():
    model, images = view(small_net(), sliding(4)), random_images(8)
    first = model(images[:5])
    remembered = model.remembered
    second = model(images[5:])
    assert not torch.allclose(second, model(images[5:]), atol=1e-4)
    model.remembered = remembered
    assert torch.equal(second, model(images[5:]))
    model.remembered = {}
    assert torch.equal(first, model(images[:5]))


def test_every_group_remembers_its_own_stream():
    network = settle(convert_batchnorm(small_net(), 2).model)
    layout = StatisticsLayout(name="set", set_size=3, is_sliding=True)
    images, model = random_images(8), view(network, layout)
    together = [[model(block, group=g) for g in (0, 1)] for block in images.split(3)]
    for group in (0, 1):
        alone = view(network, layout)
        expected = torch.cat([alone(block, group=group) for block in images.split(3)])
        assert torch.equal(torch.cat([block[group] for block in together]), expected)


def test_running_statistics_weigh_less_the_more_images_a_window_has():
    layer, images = settle(nn.BatchNorm2d(3)), random_images(5)
    ours = view(layer, sliding(3, prior=2.0))(images)
    for last in range(5):
        window = images[max(0, last - 2) : last + 1].double()
        weight = 2 / (2 + len(window))
        mean = weight * layer.running_mean + (1 - weight) * window.mean((0, 2, 3))
        variance = weight * layer.running_var + (1 - weight) * window.var((0, 2, 3), correction=0)
        centred = images[last] - mean[:, None, None]
        expected = centred / (variance + layer.eps).sqrt()[:, None, None]
        expected = expected * layer.weight[:, None, None] + layer.bias[:, None, None]
        assert torch.allclose(ours[last].double(), expected.double(), atol=1e-5)


class Twice(nn.Module):
    """One norm layer in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(5 * self.norm(images).relu() + 1).mean((2, 3))


def test_a_layer_in_two_places_remembers_two_streams():
    images, network = random_images(6), settle(Twice())
    whole = view(network, sliding(3))(images)
    assert torch.allclose(in_blocks(view(network, sliding(3)), images, 2, 2, 2), whole, atol=1e-5)


def test_windows_keep_no_more_than_later_ones_reach_back_to():
    rows = Moments(torch.arange(12.0).view(6, 2), torch.ones(6, 2))
    windows = slide(rows, None, set_size=3)
    assert torch.equal(windows.last.mean, rows.mean[-2:])
    assert windows.sizes.flatten().tolist() == [1, 2, 3, 3, 3, 3]
    assert len(slide(rows, None, set_size=1).last.mean) == 0
    later = slide(rows, windows.last, set_size=3)
    assert later.sizes.flatten().tolist() == [3] * 6
    assert torch.allclose(later.moments.mean[0], (rows.mean[-2:].sum(0) + rows.mean[0]) / 3)


def test_deviations_that_cannot_be_merged_are_refused():
    network = replace_norms(small_net(), "l1", num_groups=1).model
    layers = find_norm_layers(network, (3, 8, 8))
    with pytest.raises(SpecError, match=r"'bn1' \(L1Norm2d\) has no statistics that slide"):
        check_sliding(layers)
    check_sliding(find_norm_layers(small_net(), (3, 8, 8)))
