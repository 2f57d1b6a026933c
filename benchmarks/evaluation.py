"""Speed of the statistics layouts and of a whole evaluation, against the bare forward pass.

    python benchmarks/evaluation.py
    python benchmarks/evaluation.py --tables cifar10-c --data arrays:cifar10_test_1017.npz

ResNet-20, 32x32 images, one CPU thread on one core, in CPU seconds; freed memory is kept, as by
`ln-bench`. The baseline is the same network's plain BatchNorm eval forward in its faster memory
format, in the batches of `--device-batch auto`. All variants take turns within one run; the ratios
of their medians are what counts. Every repetition goes into benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.corruptions.request import resolve_conditions
from robustbench_ln.data import ArrayImages, DataOptions, ImageSet, load_images
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import Subject, versions
from robustbench_ln.models.registry import build_model
from robustbench_ln.norms import (
    StatisticsLayout,
    convert_batchnorm,
    with_statistics,
)
from robustbench_ln.runs.description import CheckpointDescription
from robustbench_ln.spec import (
    Condition,
    ConditionRequest,
    EvaluationSpec,
    FrostTextures,
    Normalization,
)
from robustbench_ln.speed.turns import Job, circumstances, time_in_turns
from robustbench_ln.workers.allocator import keep_freed_memory

RESULTS = Path(__file__).parent / "results"
NUM_IMAGES = 1024
SHAPE = (3, 32, 32)
SET16 = StatisticsLayout.set(16)

FILES = {"passes": "evaluation", "evaluation": "evaluation", "cifar10-c": "cifar10_c"}
"""Table -> record that it goes into."""


def passes() -> dict[str, Job]:
    """One pass over 1,024 images under each layout, in device batches of 32 or of one set."""
    model = build_model("resnet20").eval()
    local = convert_batchnorm(model, 8).model
    contiguous = torch.rand(NUM_IMAGES, *SHAPE)
    images = contiguous.contiguous(memory_format=torch.channels_last)
    lasting = build_model("resnet20").eval().to(memory_format=torch.channels_last)

    def run(network: torch.nn.Module, data: torch.Tensor, step: int = 32) -> Job:
        def forward() -> None:
            with torch.inference_mode():
                for start in range(0, len(data), step):
                    network(data[start : start + step])

        return forward

    def view(network: torch.nn.Module, layout: StatisticsLayout) -> torch.nn.Module:
        return with_statistics(network, layout, image_shape=SHAPE)

    return {
        "bare bn eval, contiguous": run(model, contiguous),
        "bare bn eval, channels_last": run(lasting, images),
        "bn (running)": run(view(model, StatisticsLayout.running()), images),
        "dbn-batch, sets of 128": run(view(model, StatisticsLayout.batch(128)), images, 128),
        "dbn-single (image)": run(view(model, StatisticsLayout.image()), images),
        "dbn-single-rot90, per rotation": run(
            view(model, StatisticsLayout.rot90()), images[: NUM_IMAGES // 4], 8
        ),
        "LocalNorm set, 16 images, one group": run(view(local, SET16), images),
        "LocalNorm image, one group": run(view(local, StatisticsLayout.image()), images),
    }


def random_images() -> ArrayImages:
    """1,024 images of noise, all of one class."""
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 32, 32, 3)).astype(np.uint8)
    return ArrayImages(
        source="arrays:random",
        kind="arrays",
        pixels=pixels,
        labels=np.zeros(NUM_IMAGES, dtype=np.int64),
    )


class Evaluations:
    """`evaluate` of bn under some conditions, written to disk, and its forward passes alone."""

    def __init__(self, images: ImageSet) -> None:
        model = build_model("resnet20").eval()
        self.images = images
        self.subject = Subject(
            model=model,
            num_classes=10,
            normalization=Normalization(name="none", mean=(0.0,) * 3, std=(1.0,) * 3),
            label="resnet20",
            checkpoint=CheckpointDescription(
                sha256="random", arch="resnet20", num_parameters=0, num_groups=1
            ),
        )
        bare = with_statistics(model, StatisticsLayout.running(), image_shape=SHAPE)
        pixels = torch.from_numpy(images.read(range(len(images))))
        floats = (pixels / 255).permute(0, 3, 1, 2)

        def forward() -> None:
            with torch.inference_mode():
                for start in range(0, len(floats), 32):
                    bare(floats[start : start + 32])

        self.forward = forward

    def bare(self, number: int) -> Job:
        """A number of passes over the images."""
        return lambda: [self.forward() for _ in range(number)]

    def whole(self, conditions: Sequence[Condition], frost: FrostTextures | None = None) -> Job:
        """Everything that `ln-bench evaluate` does once the files are read."""
        spec = EvaluationSpec(modes=("bn",), conditions=tuple(conditions), frost=frost)

        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                evaluate(self.subject, self.images, spec, out=Path(folder) / "run")

        return run


def noise_evaluations(images: ImageSet) -> dict[str, Job]:
    """Three sigmas of each noise."""
    evaluations = Evaluations(images)
    noises = (("agn", "paper"), ("agn", "released"), ("apn", "paper"), ("mbn", "paper"))
    sigmas = [0.25, 0.5, 1.0]
    return {"three bare passes": evaluations.bare(3)} | {
        f"evaluate bn, {noise} {convention}, 3 sigmas": evaluations.whole(
            noise_conditions([noise], convention=convention, sigmas=sigmas)[1:]
        )
        for noise, convention in noises
    }


def cifar10_c_evaluation(images: ImageSet) -> dict[str, Job]:
    """All of CIFAR-10-C, made while evaluating, and the clean images."""
    conditions, frost = resolve_conditions(ConditionRequest(corruptions=("cifar10-c",)))
    number = len(conditions)
    evaluations = Evaluations(images)
    return {
        f"{number} bare passes": evaluations.bare(number),
        f"evaluate bn, CIFAR-10-C, {len(images)} images": evaluations.whole(conditions, frost),
    }


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--tables", default="passes,evaluation", help=", ".join(FILES))
    parser.add_argument("--data", help="KIND:PATH; default: random images")
    arguments = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    images = load_images(arguments.data, DataOptions()) if arguments.data else random_images()
    makers = {
        "passes": passes,
        "evaluation": lambda: noise_evaluations(images),
        "cifar10-c": lambda: cifar10_c_evaluation(images),
    }
    tables = arguments.tables.split(",")
    seconds = {
        # Two minutes a job: the first images are warm-up enough.
        name: time_in_turns(
            makers[name](),
            arguments.repetitions,
            warms_up=name != "cifar10-c",
            clock=time.process_time,
        )
        for name in tables
    }
    for table in seconds.values():
        medians = {name: statistics.median(values) for name, values in table.items()}
        bare = min(value for name, value in medians.items() if "bare" in name)
        for name, value in medians.items():
            print(f"{name:45s} {value:8.3f} s   {value / bare:5.2f} x bare")
    record = {
        **circumstances(" ".join(["python", *sys.argv]), threads=1),
        "images": len(images),
        "versions": versions(),
        "seconds": seconds,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{FILES[tables[0]]}.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
