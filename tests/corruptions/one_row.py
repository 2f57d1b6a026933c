"""One row of parameters, applied with draws of seed 0."""

from __future__ import annotations

from robustbench_ln.corruptions.contract import corrupt_images
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.rng import image_streams


def corrupt_row(name, images, row):
    streams = image_streams(0, name, indices=range(len(images)))
    return corrupt_images(CORRUPTIONS[name], images, row, streams)
