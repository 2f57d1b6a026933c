"""The clean images against what the first norm layer saw in training."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from robustbench_ln.data.image_set import Pixels
from robustbench_ln.evaluation.checks.fresh_statistics import is_fresh
from robustbench_ln.evaluation.checks.probe import Probe
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, note, passed
from robustbench_ln.norms.moments import Moments, merge_rows, row_moments

__all__ = ["check_input_statistics", "median_divergence"]

NAME = "input_statistics"

LARGEST_DIVERGENCE = 0.2
"""Nats, median over channels."""

FEWEST_IMAGES = 32

SMALLEST_SETTLED = 0.9
"""Share of running statistics that comes from training: 1 - (1 - momentum)^batches."""


def check_input_statistics(probe: Probe) -> CheckResult:
    """Note where the clean images are not what the running statistics were taken of."""
    pixels = probe.pixels
    if pixels is None or len(pixels) < FEWEST_IMAGES:
        return not_applicable(NAME, f"there are fewer than {FEWEST_IMAGES} clean images")
    if not any(layer.has_running and layer.positions is not None for layer in probe.layers):
        return not_applicable(NAME, "no norm layer has running statistics")
    first = _find_first(probe, pixels)
    if first is None:
        return not_applicable(NAME, "the first norm layer has no running statistics")
    module = probe.subject.model.get_submodule(first.name)
    if is_fresh(module) or _settled_share(module) < SMALLEST_SETTLED:
        return not_applicable(NAME, f"'{first.name}' saw too few images in training")
    running = Moments(_buffer(module, "running_mean"), _buffer(module, "running_var"))
    divergence = median_divergence(first.moments, running, eps=float(getattr(module, "eps", 0.0)))
    name = probe.subject.normalization.name
    if divergence <= LARGEST_DIVERGENCE:
        return passed(NAME, "the images are like those of the training", divergence=divergence)
    return note(
        NAME,
        f"the images reach the first norm layer ('{first.name}') unlike those of the training: "
        f"divergence {divergence:.3g}, of the right input about 0.05. Look at --normalize ({name} "
        "here; none, or both in the network and here, are usual mistakes), at the scale of the "
        "pixels (0..255) and at the data set",
        divergence=divergence,
    )


def median_divergence(images: Moments, running: Moments, *, eps: float) -> float:
    """Return the median over channels of the divergence of two normal distributions, in nats.

    KL(images || running) = (log(v_r / v_i) + (v_i + (m_i - m_r)^2) / v_r - 1) / 2, with eps added
    to both variances v; a channel that is constant in both has 0.

    Args:
        images: Mean and variance of the images, each [C].
        running: The running ones.
        eps: Of the layer.
    """
    ours, theirs = images.variance.double() + eps, running.variance.double() + eps
    ours = ours.clamp_min(torch.finfo(torch.float32).tiny)
    theirs = theirs.clamp_min(torch.finfo(torch.float32).tiny)
    squared = (images.mean.double() - running.mean.double()).square()
    divergence = ((theirs / ours).log() + (ours + squared) / theirs - 1) / 2  # [C]
    return float(divergence.median())


class _First(NamedTuple):
    """The first norm layer that is called, and the moments [C] of what it is given."""

    name: str
    moments: Moments


class _ReachedError(Exception):
    """Ends a forward pass at the first norm layer."""

    def __init__(self, name: str, features: Tensor) -> None:
        super().__init__(name)
        self.name = name
        self.features = features


def _find_first(probe: Probe, pixels: Pixels) -> _First | None:
    """Run images as far as the first norm layer; None where it has no running statistics."""
    network = probe.view.network
    reached = [layer for layer in probe.layers if layer.positions is not None]
    hooks = [
        network.get_submodule(layer.name).register_forward_pre_hook(partial(_stop, layer.name))
        for layer in reached
    ]
    try:
        found = [
            _reach(network, probe.normalize(pixels[start : start + probe.spec.device_batch]))
            for start in range(0, len(pixels), probe.spec.device_batch)
        ]
    finally:
        for hook in hooks:
            hook.remove()
    name = found[0].name
    if not next(layer for layer in reached if layer.name == name).has_running:
        return None
    parts = [row_moments(part.features) for part in found]
    rows = Moments(torch.cat([p.mean for p in parts]), torch.cat([p.variance for p in parts]))
    merged = merge_rows(rows, len(pixels))
    return _First(name, Moments(merged.mean[0].cpu(), merged.variance[0].cpu()))


def _stop(name: str, module: nn.Module, inputs: tuple[Any, ...]) -> None:
    del module
    raise _ReachedError(name, inputs[0])


def _reach(network: nn.Module, images: Tensor) -> _ReachedError:
    with torch.inference_mode():
        try:
            network(images)
        except _ReachedError as reached:
            return reached
    raise AssertionError("a layer that was reached once is reached again")


def _settled_share(module: nn.Module) -> float:
    """Return the share of the running statistics that is of training; 1 where nobody counted."""
    counters = (getattr(module, name, None) for name in ("num_batches_tracked", "num_steps"))
    batches = next((int(c) for c in counters if isinstance(c, Tensor)), 0)
    momentum = getattr(module, "momentum", None)
    if batches == 0 or momentum is None:
        return 1.0
    return 1 - (1 - float(momentum)) ** batches


def _buffer(module: nn.Module, name: str) -> Tensor:
    value: Tensor = getattr(module, name)
    return value.detach().cpu()
