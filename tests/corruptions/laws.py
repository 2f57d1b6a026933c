"""Draws of a corruption, and whether they are uniform. Seeds are fixed."""

from __future__ import annotations

import torch
from scipy import stats

from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.rng import image_streams


def draw(name, row, *, number=200, size=32, images=None, entry=None):
    if images is None:
        images = torch.zeros(number, size, size, 3, dtype=torch.uint8)
    streams = image_streams(11, name, indices=range(len(images)))
    return [d.numpy() for d in (entry or CORRUPTIONS[name]).draw(images, row, streams)]


def is_uniform(values, low, high):
    assert values.min() >= low
    assert values.max() < high
    share = (values.ravel() - low) / (high - low)
    return stats.kstest(share, "uniform").pvalue > 1e-4
