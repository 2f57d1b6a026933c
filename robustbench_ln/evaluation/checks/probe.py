"""A few images in a copy of the network: what the checks before the first cell look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_ln.data.image_set import ImageSet, ImageShape, Pixels
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.evaluation.supported_modes import mode_obstacle
from robustbench_ln.images import to_network
from robustbench_ln.modes import MODES
from robustbench_ln.norms import (
    NormLayer,
    StatisticsLayout,
    StatisticsModel,
    with_statistics,
)
from robustbench_ln.rng import stream
from robustbench_ln.spec import EvaluationSpec, Normalization

__all__ = ["NETWORK_ERRORS", "Probe", "changed_tensors", "make_probe", "sample_pixels"]

NUM_IMAGES = 64
"""Clean images whose pixels are looked at, and that go as far as the first norm layer."""

NUM_LARGE_IMAGES = 32
"""The same where images are larger than 64 x 64."""

BATCH = 8
"""Images that go through the whole network."""

SET_SIZE = 4
"""Images that share statistics where the network has no forward pass with running ones."""

NETWORK_ERRORS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError, AttributeError)
"""What a user's forward raises where it cannot take an input."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Probe:
    """The network under test in a copy of its own, with a few images.

    Attributes:
        subject: The network; not changed.
        spec: How it is evaluated.
        layers: Its norm layers.
        view: A copy, which checks may change for as long as they look at it. Its layout is the
            running one where the network has it, else sets of `set_size` images.
        pixels: uint8 [n, H, W, C], clean images from the whole set; None where there are none.
        images: [8, C, H, W], normalised, on the device; of `pixels`, or of noise.
        logits: [8, K] of `images`, on the CPU.
        again: The same, from a second pass.
    """

    subject: Subject
    spec: EvaluationSpec
    layers: tuple[NormLayer, ...]
    view: StatisticsModel
    pixels: Pixels | None
    images: Tensor
    logits: Tensor
    again: Tensor

    @property
    def set_size(self) -> int:
        """Images that share statistics; 1 where nobody does."""
        return self.view.layout.set_size or 1

    @property
    def reads_running(self) -> bool:
        """Whether running statistics decide the accuracy of a mode that is asked for."""
        modes = MODES if self.spec.modes == ("all",) else self.spec.modes
        reads = any(MODES[name].layout == "running" or MODES[name].is_mixed for name in modes)
        return reads and self.view.layout.name == "running"

    @property
    def is_finite(self) -> bool:
        """Whether all logits are numbers; the run refuses others."""
        return bool(self.logits.isfinite().all() and self.again.isfinite().all())

    @property
    def tolerance(self) -> float:
        """Largest difference of logits that is rounding, as a share of the largest logit.

        Where networks are right float32 differs by 1e-7 to 2e-6, bfloat16 by 1e-2.
        """
        is_coarse = self.spec.amp is not None or self.spec.uses_tf32
        return 5e-2 if is_coarse else 1e-3

    def run(self, images: Tensor) -> Tensor:
        """Return logits [n, K] of whole sets, on the CPU."""
        return run_view(self.view, images)

    def difference(self, logits: Tensor, like: Tensor) -> float:
        """Return the largest difference, as a share of the largest logit; inf where one is NaN."""
        largest = float(like.abs().max())
        difference = float((logits - like).abs().max())
        if not np.isfinite(difference):
            return float("inf")
        return difference / largest if largest else difference

    def difference_while(self, change: AbstractContextManager[None]) -> float:
        """Return how far the logits move while something in the view is changed."""
        with change:
            try:
                return self.difference(self.run(self.images), self.logits)
            except NETWORK_ERRORS:
                return float("inf")

    def normalize(self, pixels: Pixels, normalization: Normalization) -> Tensor:
        """Return images [n, C, H, W] as the network sees them, on the device."""
        return _normalize(pixels, normalization).to(self.spec.device)


def make_probe(
    subject: Subject,
    layers: tuple[NormLayer, ...],
    spec: EvaluationSpec,
    *,
    pixels: Pixels | None,
    shape: ImageShape,
) -> Probe:
    """Copy the network and run a few images through it, twice.

    Args:
        subject: The network.
        layers: Its norm layers.
        spec: How it is evaluated.
        pixels: See `sample_pixels`; None takes noise in place of images.
        shape: (H, W, C) of the images.
    """
    image_shape = shape.as_input
    few = _noise(shape) if pixels is None else pixels[:: max(1, len(pixels) // BATCH)][:BATCH]
    layout = _choose_layout(layers, image_shape, len(few))
    few = few[: len(few) // (layout.set_size or 1) * (layout.set_size or 1)]
    view = with_statistics(
        subject.model, layout, image_shape=image_shape, norm_classes=subject.norm_classes
    ).to(spec.device)
    images = _normalize(few, subject.normalization).to(spec.device)
    with arithmetic(spec):
        logits, again = run_view(view, images), run_view(view, images)
    return Probe(
        subject=subject,
        spec=spec,
        layers=layers,
        view=view,
        pixels=pixels,
        images=images,
        logits=logits,
        again=again,
    )


@contextmanager
def changed_tensors(
    tensors: Sequence[Tensor], change: Callable[[Tensor], Tensor]
) -> Iterator[None]:
    """Change tensors of a view in place, and put their values back afterwards."""
    kept = [tensor.detach().clone() for tensor in tensors]
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(change(tensor))
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, kept, strict=True):
                tensor.copy_(value)


def sample_pixels(images: ImageSet, indices: NDArray[np.int64]) -> Pixels:
    """Return uint8 [n, H, W, C], spread over the images in the order of evaluation."""
    is_small = images.shape.height * images.shape.width <= 64 * 64
    most = NUM_IMAGES if is_small else NUM_LARGE_IMAGES
    chosen = np.linspace(0, len(indices) - 1, min(most, len(indices)))
    return images.read(indices[chosen.astype(np.int64)])


def run_view(view: nn.Module, images: Tensor) -> Tensor:
    """Return [n, K] float32 on the CPU."""
    with torch.inference_mode():
        logits: Tensor = view(images).float().cpu()
    return logits.clone()


def _choose_layout(
    layers: tuple[NormLayer, ...], image_shape: tuple[int, int, int], num_images: int
) -> StatisticsLayout:
    if mode_obstacle(MODES["plain"], layers, image_shape) is None:
        return StatisticsLayout.running()
    return StatisticsLayout.set(min(SET_SIZE, num_images))


def _noise(shape: ImageShape) -> Pixels:
    return stream(0, "probe").integers(0, 256, (BATCH, *shape)).astype(np.uint8)


def _normalize(pixels: Pixels, normalization: Normalization) -> Tensor:
    mean, std = torch.tensor(normalization.mean), torch.tensor(normalization.std)
    return to_network(torch.from_numpy(pixels), mean=mean, std=std)
