"""Speed of the statistics layouts and of a whole evaluation, against the bare forward pass.

    python benchmarks/evaluation.py

ResNet-20, 32x32 images, one CPU thread on one core. The baseline is the same network's plain
BatchNorm eval forward in its faster memory format. All variants take turns within one run; the
ratios of their medians are what counts. Every repetition goes into benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import robustbench_ln
from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.models.registry import build_model
from robustbench_ln.norms import (
    IMAGE,
    ROT90,
    RUNNING,
    StatisticsLayout,
    batch_layout,
    convert_batchnorm,
    with_statistics,
)
from robustbench_ln.spec import EvaluationSpec, Normalization

RESULTS = Path(__file__).parent / "results"
NUM_IMAGES = 1024
SHAPE = (3, 32, 32)
SET16 = StatisticsLayout(name="set", set_size=16)

Job = Callable[[], object]


def passes() -> dict[str, Job]:
    """One pass over 1,024 images under each layout, in device batches of 128."""
    model = build_model("resnet20").eval()
    local = convert_batchnorm(model, 8).model
    contiguous = torch.rand(NUM_IMAGES, *SHAPE)
    images = contiguous.contiguous(memory_format=torch.channels_last)
    lasting = build_model("resnet20").eval().to(memory_format=torch.channels_last)

    def run(network: torch.nn.Module, data: torch.Tensor, step: int = 128) -> Job:
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
        "bn (running)": run(view(model, RUNNING), images),
        "dbn-batch, sets of 128": run(view(model, batch_layout(128)), images),
        "dbn-single (image)": run(view(model, IMAGE), images),
        "dbn-single-rot90, per rotation": run(view(model, ROT90), images[: NUM_IMAGES // 4], 32),
        "LocalNorm set, 16 images, one group": run(view(local, SET16), images),
        "LocalNorm image, one group": run(view(local, IMAGE), images),
    }


def whole_evaluation() -> dict[str, Job]:
    """`evaluate` of bn with noise, written to disk, against its own forward passes alone."""
    model = build_model("resnet20").eval()
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 32, 32, 3)).astype(np.uint8)
    images = ArrayImages(
        source="arrays:random", kind="arrays", pixels=pixels,
        labels=np.zeros(NUM_IMAGES, dtype=np.int64),
    )  # fmt: skip
    normalization = Normalization(name="none", mean=(0.0,) * 3, std=(1.0,) * 3)
    subject = Subject(
        model=model, num_classes=10, normalization=normalization, label="resnet20",
        checkpoint={"sha256": "random"},
    )  # fmt: skip
    bare = with_statistics(model, RUNNING, image_shape=SHAPE)
    floats = (torch.from_numpy(pixels) / 255).permute(0, 3, 1, 2)

    def forward() -> None:
        with torch.inference_mode():
            for _ in range(3):
                for start in range(0, NUM_IMAGES, 128):
                    bare(floats[start : start + 128])

    def job(noise: str, convention: str) -> Job:
        conditions = noise_conditions([noise], convention=convention, sigmas=[0.25, 0.5, 1.0])[1:]
        spec = EvaluationSpec(modes=("bn",), conditions=conditions)

        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                evaluate(subject, images, spec, out=Path(folder) / "run")

        return run

    return {
        "three bare passes": forward,
        **{
            f"evaluate bn, {noise} {convention}, 3 sigmas": job(noise, convention)
            for noise, convention in (
                ("agn", "paper"), ("agn", "released"), ("apn", "paper"), ("mbn", "paper"),
            )
        },
    }  # fmt: skip


def measure(jobs: dict[str, Job], repetitions: int) -> dict[str, list[float]]:
    """Seconds of every repetition; the jobs take turns, the first turn is a warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(repetitions + 1):
        for name, job in jobs.items():
            started = time.perf_counter()
            job()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--out", type=Path, default=RESULTS / "evaluation.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    seconds = {
        "passes": measure(passes(), arguments.repetitions),
        "evaluation": measure(whole_evaluation(), arguments.repetitions),
    }
    for table in seconds.values():
        medians = {name: statistics.median(values) for name, values in table.items()}
        bare = min(value for name, value in medians.items() if "bare" in name)
        for name, value in medians.items():
            print(f"{name:45s} {value:8.3f} s   {value / bare:5.2f} x bare")
    record = {
        "command": " ".join(["python", *sys.argv]),
        "images": NUM_IMAGES,
        "threads": 1,
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "versions": {
            "robustbench_ln": robustbench_ln.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "seconds": seconds,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
