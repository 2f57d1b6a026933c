"""`evaluate` and `corrupt` by two workers, against what bounds them.

    python benchmarks/workers.py bn            CIFAR-10-C at severity 3, against bare forward passes
    python benchmarks/workers.py localnorm     all modes of LocalNorm, against their bare passes
    python benchmarks/workers.py corrupt       10,000 images of 32 px, against one worker
    python benchmarks/workers.py corrupt224    160 images of 224 px, against one worker

Both sides take turns within one run; the ratio of each turn counts. Bare forward passes are made by
as many processes of one thread as there are workers, at the same time. They have started before
they are timed; `evaluate` starts its workers within its time. Every repetition goes into
benchmarks/results/.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from bare_passes import Bare
from recording import Goal, write_record
from torch import nn

from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.corruptions.request import resolve_conditions
from robustbench_ln.data import ArrayImages
from robustbench_ln.evaluation.plan import plan_passes
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.evaluation.workforce import plan_workforce
from robustbench_ln.models.registry import build_model
from robustbench_ln.norms import convert_batchnorm, with_statistics
from robustbench_ln.runs.description import CheckpointDescription
from robustbench_ln.spec import ConditionRequest, EvaluationSpec, Normalization
from robustbench_ln.speed.turns import Job, time_in_turns
from robustbench_ln.workers.allocator import keep_freed_memory
from robustbench_ln.workers.crew import open_crew
from robustbench_ln.workers.launch import Launcher

CONDITIONS, FROST = resolve_conditions(
    ConditionRequest(corruptions=("cifar10-c",), severities=(3,))
)
IMAGES = {"bn": 4000, "localnorm": 128, "corrupt": 10_000, "corrupt224": 160}
TURNS = {"bn": 5, "localnorm": 3, "corrupt": 3, "corrupt224": 3}


def random_images(number: int, size: int) -> ArrayImages:
    """Images of noise, of ten classes."""
    generator = np.random.default_rng(0)
    return ArrayImages(
        source="arrays:random",
        kind="arrays",
        pixels=generator.integers(0, 256, (number, size, size, 3), dtype=np.uint8),
        labels=generator.integers(0, 10, number),
    )


def subject_of(model: nn.Module, num_groups: int = 1) -> Subject:
    """Return a network of random weights that is under test."""
    return Subject(
        model=model,
        num_classes=10,
        normalization=Normalization(name="none", mean=(0.0,) * 3, std=(1.0,) * 3),
        label="network",
        checkpoint=CheckpointDescription(
            sha256="random", arch="network", num_parameters=0, num_groups=num_groups
        ),
    )


def evaluations(
    stack: ExitStack, subject: Subject, images: ArrayImages, spec: EvaluationSpec
) -> dict[str, Job]:
    """`evaluate`, and bare forward passes of the same images in as many processes."""
    workers, modes = spec.workers or 1, ",".join(spec.modes)
    passes = plan_passes(subject, images, spec).passes
    batches = plan_workforce(subject, images, passes, spec).batches
    shape = images.shape.as_input
    sizes = [batches[p].sets * (p.layout.set_size or 1) for p in passes]
    networks: list[nn.Module] = [
        with_statistics(subject.model, p.layout, image_shape=shape) for p in passes
    ]
    if modes == "bn":  # the network itself, without a layout
        networks = [copy.deepcopy(subject.model).to(memory_format=torch.channels_last)]
    pixels = torch.from_numpy(random_images(256, images.shape.height).pixels)
    bare = Bare(list(zip(networks, sizes, strict=True)), pixels.permute(0, 3, 1, 2))
    launcher = stack.enter_context(Launcher(["bare_passes"]))
    crew = stack.enter_context(open_crew(bare, workers, launcher, advance=lambda _: None))
    share = -(-len(images) * len(spec.conditions) // workers)
    list(crew.map([256] * workers))

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            evaluate(subject, images, spec, out=Path(folder) / "run")

    return {
        f"{workers} bare processes": lambda: list(crew.map([share] * workers)),
        f"evaluate --modes {modes} --workers {workers}": run,
    }


def sets(images: ArrayImages, workers: int) -> dict[str, Job]:
    """`corrupt` by one and by several workers, written and hashed."""
    conditions = resolve_conditions(ConditionRequest(corruptions=("cifar10-c",))).conditions[1:]
    spec = GenerationSpec(conditions=conditions, format="npy")

    def whole(workers: int) -> Job:
        options = GenerationOptions(workers=workers, frost=FROST)

        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                generate(images, spec, out=Path(folder) / "set", options=options)

        return run

    return {f"corrupt --workers {number}": whole(number) for number in (1, workers)}


def make_jobs(table: str, images: ArrayImages, workers: int, stack: ExitStack) -> dict[str, Job]:
    """Return the jobs of a table."""
    if table.startswith("corrupt"):
        return sets(images, workers)
    network = build_model("resnet20").eval()
    spec = EvaluationSpec(
        modes=("bn",) if table == "bn" else ("all",),
        conditions=CONDITIONS,
        frost=FROST,
        workers=workers,
        group_size=16,
    )
    if table == "bn":
        return evaluations(stack, subject_of(network), images, spec)
    local = subject_of(convert_batchnorm(network, 8).model, num_groups=8)
    return evaluations(stack, local, images, spec)


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=tuple(IMAGES))
    parser.add_argument("--turns", type=int)
    parser.add_argument("--images", type=int)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    keep_freed_memory()
    table: str = arguments.table
    images = random_images(arguments.images or IMAGES[table], 224 if table == "corrupt224" else 32)
    with ExitStack() as stack:
        jobs = make_jobs(table, images, arguments.workers, stack)
        seconds = time_in_turns(jobs, arguments.turns or TURNS[table], warms_up=False)
    first, second = jobs
    least = {"bn": 0.80, "localnorm": 0.75}.get(table, 1.7)
    write_record(
        f"workers_{table}", seconds, [Goal(second, first, least)], images=len(images),
        size=images.shape.height, conditions=95 if table.startswith("corrupt") else len(CONDITIONS),
    )  # fmt: skip


if __name__ == "__main__":
    main()
