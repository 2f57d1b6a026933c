"""Small networks and images for checks: running statistics are those of the images."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.evaluation.checks.probe import Probe, make_probe, sample_pixels
from robustbench_ln.norms import find_norm_layers
from robustbench_ln.spec import EvaluationSpec, parse_normalization
from tests.evaluation.small_runs import make_subject

SIZE, CLASSES = 12, 5


def photographs(number: int = 64, channels: int = 3, seed: int = 0) -> ArrayImages:
    """Smooth images of middle brightness, each class with a colour of its own."""
    generator = np.random.default_rng(seed)
    labels = np.arange(number) % CLASSES
    small = generator.normal(0.45, 0.2, (number, 4, 4, channels))
    small += np.linspace(-0.2, 0.2, CLASSES)[labels][:, None, None, None]
    large = small.repeat(SIZE // 4, axis=1).repeat(SIZE // 4, axis=2)
    pixels = (large.clip(0, 1) * 255).round().astype(np.uint8)
    return ArrayImages(source="arrays:x.npz", kind="arrays", pixels=pixels, labels=labels)


class Net(nn.Module):
    """conv - norm - ReLU - conv - norm - ReLU - mean - linear."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.head = nn.Linear(8, CLASSES)

    def features(self, images: Tensor) -> Tensor:
        features = self.bn1(self.conv1(images)).relu()
        return self.bn2(self.conv2(features)).relu().mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images)) * 5


def normalized(images: ArrayImages, normalize: str) -> Tensor:
    mean, std = (
        torch.tensor(values).view(1, -1, 1, 1)
        for values in (
            parse_normalization(normalize, images.shape[2]).mean,
            parse_normalization(normalize, images.shape[2]).std,
        )
    )
    return (torch.from_numpy(images.pixels).permute(0, 3, 1, 2) / 255 - mean) / std


def fit(model: nn.Module, images: ArrayImages, normalize: str = "imagenet") -> nn.Module:
    """Give BatchNorm layers the statistics of the images, as a training does."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    model.train()
    with torch.no_grad():
        model(normalized(images, normalize))
    return model.eval()


def probe_of(
    model: nn.Module,
    images: ArrayImages,
    normalize: str = "imagenet",
    *,
    spec: EvaluationSpec = EvaluationSpec(),  # noqa: B008  (frozen)
    **subject: object,
) -> Probe:
    """The probe that a run would make."""
    channels = images.shape[2]
    about = make_subject(
        model,
        normalization=parse_normalization(normalize, channels),
        num_classes=CLASSES,
        **subject,
    )
    layers = find_norm_layers(model, (channels, SIZE, SIZE))
    pixels = sample_pixels(images, np.arange(len(images)))
    return make_probe(about, layers, spec, pixels=pixels, shape=images.shape)


class Dropout(Net):
    def forward(self, images: Tensor) -> Tensor:
        return self.head(F.dropout(self.features(images), 0.1))


class Counting(Net):
    """Changes its state in each forward."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.tensor(0.0))

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(images) + self.calls


class BatchMean(Net):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward((images - images.mean()) / images.std())


class AmongOthers(Net):
    """Centres its features over the batch."""

    def forward(self, images: Tensor) -> Tensor:
        features = self.features(images)
        return self.head(features - features.mean(dim=0))


class TrainsItself(Net):
    def forward(self, images: Tensor) -> Tensor:
        self.train()
        return super().forward(images)


class FunctionalNorm(Net):
    def features(self, images: Tensor) -> Tensor:
        norm = self.bn1
        features = F.batch_norm(
            self.conv1(images), norm.running_mean, norm.running_var, norm.weight, norm.bias,
            training=self.training, momentum=1.0,
        )  # fmt: skip
        return self.bn2(self.conv2(features.relu())).relu().mean((2, 3))


class OwnNorm(nn.Module):
    """A norm layer that nobody knows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.full((channels,), 0.5))

    def forward(self, features: Tensor) -> Tensor:
        mean, variance = (v.view(1, -1, 1, 1) for v in (self.running_mean, self.running_var))
        return (features - mean) / variance.sqrt()


class WithOwnNorm(Net):
    def __init__(self) -> None:
        super().__init__()
        self.bn2 = OwnNorm(8)


class WithUnusedHead(Net):
    """An auxiliary head that evaluation leaves out, as GoogLeNet's."""

    def __init__(self) -> None:
        super().__init__()
        self.aux = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))


class Outputs(Net):
    """Returns what `change` makes of the logits."""

    def __init__(self, change) -> None:
        super().__init__()
        self.change = change

    def forward(self, images: Tensor) -> Tensor:
        return self.change(super().forward(images))


class Normalizes(Net):
    """Normalises its input itself, by buffers, by lists, or only keeps the numbers."""

    def __init__(self, kind: str, mean: tuple[float, ...] = (0.485, 0.456, 0.406)) -> None:
        super().__init__()
        self.kind = kind
        if kind == "lists":
            self.mean, self.std = list(mean), [0.229, 0.224, 0.225]
        else:
            self.register_buffer("pixel_mean", torch.tensor(mean).view(1, 3, 1, 1))
            self.register_buffer("pixel_std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        if self.kind == "lists":
            mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (self.mean, self.std))
            images = (images - mean) / std
        if self.kind == "buffers":
            images = (images - self.pixel_mean) / self.pixel_std
        return super().forward(images)


class MovingNorm(nn.Module):
    """A norm layer that nobody knows, with the names of another library."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("moving_mean", torch.zeros(channels))
        self.register_buffer("moving_variance", torch.full((channels,), 0.5))

    def forward(self, features: Tensor) -> Tensor:
        mean, variance = (v.view(1, -1, 1, 1) for v in (self.moving_mean, self.moving_variance))
        return (features - mean) / variance.sqrt()


class WithMovingNorm(Net):
    def __init__(self) -> None:
        super().__init__()
        self.bn2 = MovingNorm(8)


class NormalizesByNorm(Net):
    """A BatchNorm layer of C channels on the images: a norm layer like any other."""

    def __init__(self) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(3)

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(self.bn0(images))


class Temperature(Net):
    """A number called sigma that is no normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.sigma = nn.Parameter(torch.tensor([0.9]))

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) / self.sigma


class CentresBy(Net):
    """Subtracts a mean of C values, or divides by a deviation after a mean of one value each."""

    def __init__(self, **values: list[float]) -> None:
        super().__init__()
        self.names = list(values)
        for name, value in values.items():
            self.register_buffer(name, torch.tensor(value).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        images = images - self.mean
        return super().forward(images / self.std if "std" in self.names else images)
