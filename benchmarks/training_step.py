"""Speed of a training step under every norm, against BatchNorm's.

    python benchmarks/training_step.py

Forward, loss, backward and update of one batch: ResNet-20 on 128 images of 32x32 with 8 LocalNorm
groups, and the MNIST DNN on 100 of 28x28 with 10; one CPU thread on one core. The baseline is the
same network with torch's BatchNorm. All norms take turns within one run; the ratios of their
medians are what counts. Every repetition goes into benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

import torch
from torch.nn import functional as F

import robustbench_ln
from robustbench_ln.models.registry import build_model
from robustbench_ln.norms import NORMS, replace_norms
from robustbench_ln.timing import Job, time_in_turns

RESULTS = Path(__file__).parent / "results"


class Network(NamedTuple):
    """What is trained, in the papers' numbers."""

    arch: str
    shape: tuple[int, int, int, int]
    num_groups: int


NETWORKS = (
    Network("resnet20", (128, 3, 32, 32), 8),
    Network("mnist-dnn", (100, 1, 28, 28), 10),
)


def steps(network: Network) -> dict[str, Job]:
    """One training step under each norm."""
    images = torch.rand(network.shape)
    labels = torch.randint(0, 10, network.shape[:1])
    bare = build_model(network.arch)

    def job(norm: str) -> Job:
        model = replace_norms(bare, norm, num_groups=network.num_groups).model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

        def step() -> None:
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()

        return step

    def label(norm: str) -> str:
        groups = f", {network.num_groups} groups" if norm == "local" else ""
        return f"{network.arch}, {norm}{groups}" + (" (bare)" if norm == "batch" else "")

    return {label(norm): job(norm) for norm in NORMS}


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--out", type=Path, default=RESULTS / "training_step.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    seconds = {
        network.arch: time_in_turns(steps(network), arguments.repetitions) for network in NETWORKS
    }
    for table in seconds.values():
        medians = {name: statistics.median(values) for name, values in table.items()}
        bare = next(value for name, value in medians.items() if "bare" in name)
        for name, value in medians.items():
            print(f"{name:30s} {value * 1e3:8.1f} ms   {value / bare:5.2f} x BatchNorm")
    record = {
        "command": " ".join(["python", *sys.argv]),
        "threads": 1,
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "versions": {"robustbench_ln": robustbench_ln.__version__, "torch": torch.__version__},
        "seconds": seconds,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
