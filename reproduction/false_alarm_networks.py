"""Right networks of many kinds, on which no check may say anything: how each is made.

A network comes from a public checkpoint, from the package, from `ln-bench train` or, where that
trains none of its kind, from a few steps of gradient descent here. All images are real.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from robustbench_ln.data import load_images
from robustbench_ln.images import to_network
from robustbench_ln.models.registry import build_model
from robustbench_ln.spec import parse_normalization
from robustbench_ln.training.torch_seed import torch_seeded

__all__ = ["RightNetwork", "TrainedNetwork", "library_networks", "networks_of", "prepare"]

BATCH = 16
TESTED = 5
"""Every fifth digit that comes with the package is for tests, the others are trained on."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightNetwork:
    """A network that a run is of.

    Attributes:
        name: In the table.
        checkpoint: File, "demo:NAME", or what `train` writes.
        images: KIND:PATH of the test images.
        arch: Of the checkpoint; None where it says its own.
        normalize: Of the input; None where the checkpoint says its own.
        train: Words of `ln-bench train` that makes the checkpoint; () where it is there.
        modes: To evaluate; all modes of small networks.
        limit: Test images.
    """

    name: str
    checkpoint: str
    images: str
    arch: str | None = None
    normalize: str | None = None
    train: Words = ()
    modes: Words = ("all",)
    limit: int | None = None

    def make(self, out: Path) -> None:
        """Make the checkpoint, where it is not there yet."""
        if self.train:
            words = ["train", *self.train, "--out", str(out)]
            print("ln-bench", shlex.join(words), flush=True)
            command = [sys.executable, "-m", "robustbench_ln", *words]
            subprocess.run(command, check=True, capture_output=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedNetwork:
    """A network of a library after a few steps on upscaled images.

    Attributes:
        arch: "torchvision:NAME".
        size: Side of its images.
        steps: Of gradient descent.
        batch: Images in a step.
        rate: Learning rate.
    """

    arch: str
    size: int
    steps: int
    batch: int = BATCH
    rate: float = 0.01

    @property
    def name(self) -> str:
        """In the table."""
        return f"{self.arch}, {self.steps} steps at {self.size} px"

    def make(self, file: Path, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        """Train it and write its weights."""
        with torch_seeded(0, self.name):
            model = build_model(self.arch, num_classes=10).train()
            optimizer = torch.optim.SGD(model.parameters(), lr=self.rate, momentum=0.9)
            for images, marks in self._batches(pixels, labels):
                optimizer.zero_grad()
                outputs = model(images)
                heads = [outputs] if isinstance(outputs, Tensor) else list(outputs)
                sum(F.cross_entropy(head, marks) for head in heads).backward()  # type: ignore[union-attr]
                optimizer.step()
        torch.save(model.state_dict(), file)

    def _batches(
        self, pixels: NDArray[np.uint8], labels: NDArray[np.int64]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        normalization = parse_normalization("imagenet", 3)
        mean, std = torch.tensor(normalization.mean), torch.tensor(normalization.std)
        for step in range(self.steps):
            chosen = np.arange(step * self.batch, (step + 1) * self.batch) % len(labels)
            images = to_network(torch.from_numpy(pixels[chosen]), mean=mean, std=std)
            yield upscale(images, self.size), torch.from_numpy(labels[chosen])


def upscale(images: Tensor, size: int) -> Tensor:
    """Return [N, C, size, size]."""
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True)


def prepare(data: Path, out: Path, sizes: set[int]) -> None:
    """Write the images that networks are trained and tested on, beside those of `data`.

    Args:
        data: Folder with cifar10_test_1017.npz and cifar10_train_5085.npz.
        out: For halves of the digits, and the test images at other sizes.
        sizes: Of those.
    """
    digits = load_images("demo:digits")
    pixels = digits.read(np.arange(len(digits)))
    is_test = np.arange(len(digits)) % TESTED == 0
    for name, part in (("train", ~is_test), ("test", is_test)):
        np.savez(out / f"digits_{name}.npz", images=pixels[part], labels=digits.labels[part])
    with np.load(data / "cifar10_test_1017.npz") as file:
        images, labels = file["images"][:64], file["labels"][:64]
    for size in sizes:
        large = upscale(torch.from_numpy(images).permute(0, 3, 1, 2).float(), size)
        as_pixels = large.permute(0, 2, 3, 1).round().clamp(0, 255).byte().numpy()
        np.savez(out / f"cifar10_{size}px.npz", images=as_pixels, labels=labels)


def networks_of(data: Path, out: Path) -> list[RightNetwork]:
    """Return the small networks: public, shipped, and trained by `ln-bench train`."""
    tests = f"arrays:{data}/cifar10_test_1017.npz"
    trains = ("--data", f"arrays:{data}/cifar10_train_5085.npz", "--limit", "2000")
    digits = ("--data", f"arrays:{out}/digits_train.npz", "--recipe", "mnist")
    public = f"{data}/checkpoints/resnet20-12fca82f.th"
    tune = (*trains, "--recipe", "cifar-resnet-finetune", "--epochs", "1", "--arch", "resnet20",
            "--init", public, "--normalize", "imagenet")  # fmt: skip
    fresh = (*trains, "--recipe", "cifar-resnet", "--epochs", "2", "--arch", "resnet20")
    dnn = (*digits, "--epochs", "5", "--arch", "mnist-dnn")
    noise = ("--augment-noise", "agn:0.5")
    trained = {
        "mnist-dnn, 5 epochs": dnn,
        "mnist-dnn, trained with noise": (*dnn, "--augment-noise", "agn-additive:1.0",
                                          "--convention", "released"),
        "mnist-dnn, every image with noise": (*dnn, "--augment-noise", "agn:0.5", "--share", "1"),
        "mnist-dnn, LocalNorm": (*dnn, "--norm", "local"),
        "mnist-dnn, SwitchNorm": (*dnn, "--norm", "switch"),
        "resnet20, 2 epochs": fresh,
        "resnet20, 2 epochs, SwitchNorm": (*fresh, "--norm", "switch"),
        "resnet20, 2 epochs, Renorm": (*fresh, "--norm", "renorm"),
        "resnet20, 2 epochs, GroupNorm": (*fresh, "--norm", "group"),
        "resnet20, fine-tuned with noise": (*tune, *noise),
        "resnet20, fine-tuned, every image with noise": (*tune, *noise, "--share", "1"),
        "resnet20, fine-tuned, SwitchNorm": (*tune, "--norm", "switch"),
        "resnet20, fine-tuned, Renorm": (*tune, "--norm", "renorm"),
    }  # fmt: skip
    given = [
        RightNetwork(name=name, checkpoint=f"{data}/checkpoints/{file}", arch=arch,
                     normalize="imagenet", images=tests)
        for name, file, arch in (
            ("resnet20, public", "resnet20-12fca82f.th", "resnet20"),
            ("resnet32, public", "resnet32-d509ac18.th", "resnet32"),
            ("resnet20, LocalNorm", "resnet20_localnorm_g8.pt", "resnet20"),
        )
    ] + [
        RightNetwork(name=f"demo:{name}", checkpoint=f"demo:{name}", images="demo:digits")
        for name in ("batchnorm", "localnorm")
    ]  # fmt: skip
    made = [
        RightNetwork(
            name=name,
            checkpoint="",
            images=f"arrays:{out}/digits_test.npz" if name.startswith("mnist") else tests,
            train=words,
            limit=None if name.startswith("mnist") else 500,
        )
        for name, words in trained.items()
    ]
    return given + made


def library_networks() -> list[TrainedNetwork]:
    """Return networks of torchvision and timm, after few steps and after more."""
    convolutional = (
        "torchvision:resnet18", "torchvision:mobilenet_v3_small", "torchvision:mobilenet_v3_large",
        "torchvision:efficientnet_b0", "torchvision:densenet121", "torchvision:googlenet",
        "timm:resnet26",
    )  # fmt: skip
    few = [TrainedNetwork(arch=arch, size=224, steps=5) for arch in convolutional]
    more = [TrainedNetwork(arch=arch, size=64, steps=30) for arch in convolutional]
    vit = TrainedNetwork(arch="torchvision:vit_b_16", size=224, steps=5, batch=8)
    return [*few, *more, vit]
