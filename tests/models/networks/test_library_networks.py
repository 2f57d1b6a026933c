"""Networks of torchvision and timm, under the layouts: against BatchNorm's own training formula."""

from __future__ import annotations

import copy
import hashlib

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from robustbench_ln.errors import LayoutError
from robustbench_ln.models import find_architecture
from robustbench_ln.norms import StatisticsLayout, with_statistics

WITH_BATCHNORM = [
    "torchvision:resnet18",
    "torchvision:resnet50",
    "torchvision:vgg16_bn",
    "torchvision:mobilenet_v3_large",
    "torchvision:efficientnet_b0",
    "torchvision:densenet121",
    "timm:resnet50",
    "timm:tf_efficientnet_b0",  # eps 1e-3, as trained in TensorFlow
    "timm:resnetv2_50",  # every norm layer is a BatchNormAct2d
]
WITHOUT_BATCHNORM = ["torchvision:convnext_tiny", "torchvision:vit_b_16"]
SHAPE = (3, 64, 64)


def build(name: str) -> nn.Module:
    """Return a network in training mode with 7 classes and norm layers that do something."""
    if name.startswith("timm:"):
        pytest.importorskip("timm", reason="needs the extra robustbench_ln[timm]")
    network = find_architecture(name).build(7, 3)
    if name == "torchvision:vgg16_bn":
        network.classifier = nn.Flatten()  # 120 million weights after the last norm layer
    generator = torch.Generator().manual_seed(5)

    def draw(tensor: Tensor, low: float) -> None:
        tensor.copy_(torch.rand(tensor.shape, generator=generator) + low)

    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, _BatchNorm):
                draw(module.weight, 0.5)
                draw(module.running_var, 0.5)
                draw(module.bias, -0.5)
                draw(module.running_mean, -0.5)
        for parameter in network.parameters():
            if parameter.ndim == 2 and not parameter.any():  # the head of a fresh ViT
                draw(parameter, -0.5)
    return network


def images_of(num_images: int, shape: tuple[int, int, int] = SHAPE) -> Tensor:
    generator = torch.Generator().manual_seed(6)
    return torch.rand((num_images, *shape), generator=generator, dtype=torch.float64)


def digest(network: nn.Module) -> str:
    state = network.state_dict()
    content = hashlib.blake2b()
    for name, tensor in state.items():
        content.update(name.encode())
        content.update(tensor.numpy().data)
    return content.hexdigest()


def batch_statistics_forward(network: nn.Module, images: Tensor) -> Tensor:
    """Torch's own batch statistics: a copy in eval mode with only its BatchNorms in training."""
    reference = copy.deepcopy(network).eval()
    for module in reference.modules():
        if isinstance(module, _BatchNorm):
            module.training = True
    output: Tensor = reference(images)
    return output


def assert_close(logits: Tensor, expected: Tensor) -> None:
    """Both are float64; some tens of layers multiply what the order of a sum changes."""
    scale = expected.abs().max()
    assert torch.isfinite(scale)
    torch.testing.assert_close(logits / scale, expected / scale, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", WITH_BATCHNORM)
def test_layouts_equal_torchs_own_batchnorm(name: str) -> None:
    network = build(name).double()
    before, images = digest(network), images_of(2)
    with torch.no_grad():
        running = with_statistics(network, StatisticsLayout.running(), image_shape=SHAPE)(images)
        assert_close(running, copy.deepcopy(network).eval()(images))
        alone = with_statistics(network, StatisticsLayout.image(), image_shape=SHAPE)(images)
        one_by_one = [batch_statistics_forward(network, image[None]) for image in images]
        assert_close(alone, torch.cat(one_by_one))
        pair = with_statistics(network, StatisticsLayout.batch(2), image_shape=SHAPE)(images)
        assert_close(pair, batch_statistics_forward(network, images))
    assert not torch.allclose(running, alone)
    assert digest(network) == before
    assert all(module.training for module in network.modules())


@pytest.mark.parametrize("name", WITHOUT_BATCHNORM)
def test_networks_without_batchnorm_are_plain_only(name: str) -> None:
    network = build(name)
    shape = (3, 224, 224) if "vit" in name else SHAPE
    images = images_of(1, shape).float()
    with torch.no_grad():
        plain = with_statistics(network, StatisticsLayout.running(), image_shape=shape)(images)
        # channels_last only orders the sums differently, in float32
        expected = copy.deepcopy(network).eval()(images)
        torch.testing.assert_close(plain, expected, rtol=1e-4, atol=1e-4)
    assert expected.any()
    with pytest.raises(LayoutError, match="no BatchNorm or LocalNorm layer: .*use modes='plain'"):
        with_statistics(network, StatisticsLayout.image(), image_shape=shape)


@pytest.mark.parametrize(
    ("name", "eps"),
    [("torchvision:mobilenet_v3_small", 1e-3), ("timm:tf_efficientnet_b0", 1e-3)],
)
def test_layers_keep_their_own_eps(name: str, eps: float) -> None:
    network = build(name).double()
    images = images_of(1) * 1e-2  # faint, so that eps counts
    view = with_statistics(network, StatisticsLayout.image(), image_shape=SHAPE)
    assert {layer.eps for layer in view.norm_layers} == {eps}
    with torch.no_grad():
        assert_close(view(images), batch_statistics_forward(network, images))
