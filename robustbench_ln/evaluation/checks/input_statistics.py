"""The clean images against what the first norm layer saw in training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import torch
from torch import Tensor, nn

from robustbench_ln.data.image_set import Pixels
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.evaluation.checks.first_norm import find_first_norm
from robustbench_ln.evaluation.checks.fresh_statistics import (
    FEWEST_BATCHES,
    count_batches,
    is_fresh,
    is_settled,
)
from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, note, passed
from robustbench_ln.norms import L1Norm2d, LInfNorm2d, SwitchNorm2d
from robustbench_ln.norms.moments import Moments
from robustbench_ln.spec import NORMALIZATIONS, parse_normalization

__all__ = ["check_input_statistics", "median_divergence"]

NAME = "input_statistics"

LARGEST_DIVERGENCE = 0.2
"""Nats, median over channels. Public ResNet-20 and 32: right 0.03 to 0.04, cifar10's numbers for
imagenet's 0.054, symmetric 0.49, none 1.07, normalised twice 6.9, pixels of 0 and 1 1.3."""

LARGEST_AFTER_FEW_BATCHES = 1.0
"""The same after fewer than 200 batches: running statistics lag behind weights that still move
fast. Networks for digits have 0.3 to 0.43 after 40 batches. SwitchNorm does not count them."""

FEWEST_IMAGES = 32


def check_input_statistics(probe: Probe) -> CheckResult:
    """Note where the clean images are not what the running statistics were taken of."""
    pixels, given = probe.pixels, probe.subject.normalization
    if pixels is None or len(pixels) < FEWEST_IMAGES:
        return not_applicable(NAME, f"there are fewer than {FEWEST_IMAGES} clean images")
    if not any(layer.has_running and layer.positions is not None for layer in probe.layers):
        return not_applicable(NAME, "no norm layer has running statistics")
    first = find_first_norm(probe, pixels, given)
    if first is None:
        return not_applicable(NAME, "the first norm layer has no running statistics")
    module = probe.subject.model.get_submodule(first.name)
    obstacle = _find_obstacle(module)
    if obstacle:
        return not_applicable(NAME, f"'{first.name}' {obstacle}")
    divergence = _divergence(first.images, module)
    if divergence <= _largest(module):
        return passed(NAME, "the images are like those of the training", divergence=divergence)
    return note(
        NAME,
        f"the images reach the first norm layer ('{first.name}') unlike those of the training: "
        f"their divergence is {divergence:.3g}, that of the right input about 0.05. "
        f"{_advise(probe, pixels, module)}",
        divergence=divergence,
    )


def _find_obstacle(module: nn.Module) -> str:
    """Return why a layer's running statistics say nothing; "" where they do."""
    if isinstance(module, L1Norm2d | LInfNorm2d):
        return "keeps no variance but another deviation"
    is_known = not is_fresh(module) and is_settled(module)
    return "" if is_known else "saw too few images in training"


def median_divergence(images: Moments, running: Moments, *, eps: float) -> float:
    """Return the median over channels of the divergence of two normal distributions, in nats.

    KL(images || running) = (log(v_r / v_i) + (v_i + (m_i - m_r)^2) / v_r - 1) / 2, with eps added
    to both variances v, so that a channel that is constant in both has 0.

    Args:
        images: Mean and variance of the images, each [C].
        running: The running ones.
        eps: Eps of the layer.
    """
    least = torch.finfo(torch.float32).tiny
    ours = (images.variance.double() + eps).clamp_min(least)
    theirs = (running.variance.double() + eps).clamp_min(least)
    squared = (images.mean.double() - running.mean.double()).square()
    divergence = ((theirs / ours).log() + (ours + squared) / theirs - 1) / 2  # [C]
    return float(divergence.median())


def _largest(module: nn.Module) -> float:
    """Return the limit of a layer; one that counts no batches may have seen few."""
    if getattr(module, "momentum", None) is None:  # an average over all batches does not lag
        return LARGEST_DIVERGENCE
    batches = count_batches(module)
    has_few = 0 < batches < FEWEST_BATCHES or isinstance(module, SwitchNorm2d)
    return LARGEST_AFTER_FEW_BATCHES if has_few else LARGEST_DIVERGENCE


def _divergence(images: Moments, module: nn.Module) -> float:
    running = Moments(_buffer(module, "running_mean"), _buffer(module, "running_var"))
    return median_divergence(images, running, eps=float(getattr(module, "eps", 0.0)))


def _buffer(module: nn.Module, name: str) -> Tensor:
    value: Tensor = getattr(module, name)
    return value.detach().cpu()


def _advise(probe: Probe, pixels: Pixels, module: nn.Module) -> str:
    """Return the normalisation that fits best, or else what to look at."""
    given = probe.subject.normalization.name
    divergence, best = min(_other_divergences(probe, pixels, module))
    if divergence <= LARGEST_DIVERGENCE:
        return f"{setting('normalize', best)} gives {divergence:.2f} in the place of {given}"
    return (
        f"Look at {setting('normalize')} ({given} here), at the scale of the pixels (0..255) and "
        "at what the network was trained on"
    )


def _other_divergences(
    probe: Probe, pixels: Pixels, module: nn.Module
) -> Iterator[tuple[float, str]]:
    for name in NORMALIZATIONS:
        with suppress(SpecError):  # a normalisation of another number of channels
            other = parse_normalization(name, len(probe.subject.normalization.mean))
            first = find_first_norm(probe, pixels, other)
            if first is not None:
                yield _divergence(first.images, module), name
