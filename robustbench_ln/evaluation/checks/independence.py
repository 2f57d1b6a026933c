"""An image (or a set of images) alone gives what it gives among others."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from robustbench_ln.errors import setting
from robustbench_ln.evaluation.checks.probe import NETWORK_ERRORS, Probe
from robustbench_ln.evaluation.checks.repeatability import LARGEST_DIFFERENCE
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning

__all__ = ["check_independence"]

NAME = "independence"


def check_independence(probe: Probe) -> CheckResult:
    """Warn of a network whose logits for an image depend on the rest of the batch."""
    if not probe.is_finite:
        return not_applicable(NAME, "logits are not finite")
    if len(probe.images) <= probe.set_size:
        return not_applicable(NAME, "there are too few images")
    if probe.difference(probe.again, probe.logits) > LARGEST_DIFFERENCE:
        return _of_training(probe) or not_applicable(NAME, "logits are not repeatable")
    try:
        difference = max(_differences(probe))
    except NETWORK_ERRORS:
        return _of_training(probe) or not_applicable(NAME, "the network takes no single image")
    if difference <= probe.tolerance:
        return passed(NAME, "an image alone gives the same logits", difference=difference)
    return _of_training(probe) or warning(
        NAME,
        f"an image alone gives other logits than among others (by {difference:.0%} of the "
        f"largest), so that accuracy depends on {setting('device_batch')}: the network uses "
        "statistics of "
        "the batch. Look in forward for x.mean() or x.std() over all images, or batch_norm with "
        "training=True, and compute them for each image: dim=(1, 2, 3)",
        difference=difference,
    )


def _differences(probe: Probe) -> Iterator[float]:
    """Yield the difference of the first, the middle and the last image; 0 if there is none."""
    size, num_images = probe.set_size, len(probe.images)
    for start in {0, num_images // (2 * size) * size, num_images - size}:
        alone = probe.run(probe.images[start : start + size])
        if alone.shape != probe.logits[start : start + size].shape:
            raise ValueError("the network returns another shape for one image")
        # As a share of the batch's largest logit: one image may have small ones.
        among = torch.cat([probe.logits[:start], alone, probe.logits[start + size :]])
        yield probe.difference(among, probe.logits)


def _of_training(probe: Probe) -> CheckResult | None:
    """Return the warning of a network that puts itself in training mode."""
    if not any(module.training for module in probe.view.network.modules()):
        return None
    return warning(
        NAME,
        "the network puts itself in training mode: its 'bn' and 'plain' use the statistics of "
        "the batch, and dropout is on. Remove self.train() from forward",
    )
