"""`evaluate` and `corrupt` by several workers, against bare forward passes in as many processes.

    python benchmarks/workers.py
    python benchmarks/workers.py --tables corrupt --repetitions 5

All variants of a table take turns within one run; the ratios of their medians are what counts. The
bare processes have one thread each, run at the same time, and have started before they are timed;
what it costs to start workers is a job of its own. Every repetition goes into benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from bare_passes import Bare
from torch import nn

from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.corruptions.request import ConditionRequest
from robustbench_ln.data import ArrayImages
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import Subject, versions
from robustbench_ln.evaluation.workforce import launch
from robustbench_ln.models.registry import build_model
from robustbench_ln.norms import StatisticsLayout, convert_batchnorm, with_statistics
from robustbench_ln.runs.description import CheckpointDescription
from robustbench_ln.spec import EvaluationSpec, Normalization
from robustbench_ln.speed.turns import Job, circumstances, time_in_turns
from robustbench_ln.workers.allocator import keep_freed_memory
from robustbench_ln.workers.crew import open_crew
from robustbench_ln.workers.launch import Launcher

RESULTS = Path(__file__).parent / "results"
CORRUPTIONS = ConditionRequest(corruptions=("cifar10-c",), severities=(3,)).resolve()


def random_images(number: int, size: int) -> ArrayImages:
    """Images of noise, of ten classes."""
    generator = np.random.default_rng(0)
    return ArrayImages(
        source="arrays:random",
        kind="arrays",
        pixels=generator.integers(0, 256, (number, size, size, 3)).astype(np.uint8),
        labels=generator.integers(0, 10, number),
    )


def subject_of(model: nn.Module) -> Subject:
    """Return a network that is under test."""
    return Subject(
        model=model,
        num_classes=10 if model.__class__.__name__ != "ResNet" else 1000,
        normalization=Normalization(name="none", mean=(0.0,) * 3, std=(1.0,) * 3),
        label="network",
        checkpoint=CheckpointDescription(
            sha256="random", arch="network", num_parameters=0, num_groups=1
        ),
    )


def evaluations(
    stack: ExitStack, model: nn.Module, images: ArrayImages, modes: str, workers: int
) -> dict[str, Job]:
    """`evaluate` by one and by several workers, and the same images bare in as many processes."""
    subject, batch = subject_of(model), 32 if images.shape.height == 32 else 4
    bare = with_statistics(
        model,
        StatisticsLayout.running() if modes == "bn" else StatisticsLayout.image(),
        image_shape=images.shape.as_input,
    )
    groups = 1 if modes == "bn" else 8
    pixels = torch.from_numpy(images.pixels[:256]).permute(0, 3, 1, 2)
    launcher = stack.enter_context(Launcher(["bare_passes"]))
    crew = stack.enter_context(
        open_crew(Bare(bare, pixels, batch), workers, launcher, advance=lambda _: None)
    )
    number = len(images) * len(CORRUPTIONS.conditions) * groups
    share = -(-number // workers)

    def whole(workers: int) -> Job:
        spec = EvaluationSpec(
            modes=(modes,), conditions=CORRUPTIONS.conditions, frost=CORRUPTIONS.frost,
            workers=workers,
        )  # fmt: skip

        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                evaluate(subject, images, spec, out=Path(folder) / "run")

        return run

    def start() -> None:
        task = Bare(bare, pixels, batch)
        with launch(workers) as own, open_crew(task, workers, own, advance=lambda _: None) as crew:
            list(crew.map([1] * workers))

    return {
        f"{workers} bare processes": lambda: list(crew.map([share] * workers)),
        f"evaluate --modes {modes} --workers {workers}": whole(workers),
        f"evaluate --modes {modes} --workers 1": whole(1),
        "starting the workers": start,
    }


def sets(images: ArrayImages, workers: int) -> dict[str, Job]:
    """`corrupt` by one and by several workers, written and hashed."""
    spec = GenerationSpec(conditions=CORRUPTIONS.conditions[1:], format="npy")

    def whole(workers: int) -> Job:
        options = GenerationOptions(workers=workers, frost=CORRUPTIONS.frost)

        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                generate(images, spec, out=Path(folder) / "set", options=options)

        return run

    return {f"corrupt --workers {number}": whole(number) for number in (1, workers)}


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--images", type=int, default=4000, help="of 32 px; 1 in 64 of 224 px")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--tables", default="bn,localnorm,resnet50,corrupt,corrupt224")
    arguments = parser.parse_args()
    keep_freed_memory()
    small = random_images(arguments.images, 32)
    large = random_images(max(8, arguments.images // 64), 224)
    resnet20, workers = build_model("resnet20").eval(), arguments.workers
    record: dict[str, object] = {}
    for table in arguments.tables.split(","):
        with ExitStack() as stack:
            jobs = {
                "bn": lambda s: evaluations(s, resnet20, small, "bn", workers),
                "localnorm": lambda s: evaluations(
                    s, convert_batchnorm(resnet20, 8).model, small, "ln-single-voting", workers
                ),
                "resnet50": lambda s: evaluations(
                    s, build_model("torchvision:resnet50").eval(), large, "bn", workers
                ),
                "corrupt": lambda _: sets(small, workers),
                "corrupt224": lambda _: sets(large, workers),
            }[table](stack)
            seconds = time_in_turns(jobs, arguments.repetitions, warms_up=False)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        first = next(iter(medians.values()))
        for name, value in medians.items():
            print(f"{table:10s} {name:45s} {value:8.2f} s   {first / value:5.2f} of the first")
        record[table] = seconds
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} KiB")
    about = circumstances(" ".join(["python", *sys.argv]), threads=1)
    content = {**about, "images": arguments.images, "versions": versions(), "seconds": record}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "workers.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
