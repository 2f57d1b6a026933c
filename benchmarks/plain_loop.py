"""`evaluate` against the loop that a user would write for it.

    python benchmarks/plain_loop.py

ResNet-20, 200 images of 32 px, the 19 corruptions of ImageNet-C at severity 3 but those that the
peer fails at, and the clean images. The loop takes one mode at a time. It corrupts image by image
with imagecorruptions-imaug, which has to be installed, and runs batches of 128 for bn and
dbn-batch, single images for dbn-single, with torch's own threads. `evaluate` does the same work in
one call.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from recording import Goal, write_record
from torch import nn
from workers import random_images, subject_of

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.corruptions.request import resolve_conditions
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.models.registry import build_model
from robustbench_ln.spec import ConditionRequest, EvaluationSpec
from robustbench_ln.speed.turns import time_in_turns
from robustbench_ln.workers.allocator import keep_freed_memory

MODES = {"bn": (128, False), "dbn-batch": (128, True), "dbn-single": (1, True)}
"""Mode -> batch of the loop, and whether the batch's own statistics are used."""


def corrupted(pixels: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Corrupt image by image, as the peer's documentation does."""
    if name == "clean":
        return pixels
    corrupt = importlib.import_module("imagecorruptions").corrupt
    return np.stack([corrupt(image, corruption_name=name, severity=3) for image in pixels])


def works(name: str, image: NDArray[np.uint8]) -> bool:
    """Whether the peer can corrupt an image."""
    try:
        corrupted(image[None], name)
    except Exception as error:  # noqa: BLE001  (a peer may fail in any way)
        print(f"{name} is left out: {type(error).__name__}: {error}")
        return False
    return True


def plain_loop(network: nn.Module, pixels: NDArray[np.uint8], names: list[str]) -> None:
    """Evaluate mode by mode."""
    for batch, is_dynamic in MODES.values():
        model = copy.deepcopy(network).train(is_dynamic)
        for name in names:
            images = torch.from_numpy(corrupted(pixels, name)).permute(0, 3, 1, 2) / 255
            with torch.no_grad():
                for start in range(0, len(images), batch):
                    model(images[start : start + batch]).argmax(dim=1)


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--images", type=int, default=200)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    keep_freed_memory()
    images, network = random_images(arguments.images, 32), build_model("resnet20").eval()
    names = [name for name in BENCHMARK_CORRUPTIONS if works(name, images.pixels[0])]
    request = ConditionRequest(
        corruptions=tuple(names), severities=(3,), severity_table="imagenet-c"
    )
    conditions, frost = resolve_conditions(request)
    spec = EvaluationSpec(modes=tuple(MODES), conditions=conditions, frost=frost)

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            evaluate(subject_of(network), images, spec, out=Path(folder) / "run")

    jobs = {
        "the loop": lambda: plain_loop(network, images.pixels, ["clean", *names]),
        f"evaluate --modes {','.join(MODES)}": run,
    }
    seconds = time_in_turns(jobs, arguments.turns, warms_up=False)
    first, second = jobs
    write_record(
        "plain_loop", seconds, [Goal(second, first, 1.0)], images=arguments.images,
        conditions=len(conditions),
    )  # fmt: skip


if __name__ == "__main__":
    main()
