"""ResNet-50 at 224 px, `evaluate` now and as it was at another commit.

    git worktree add ../original 7db3309
    python benchmarks/against_original.py ../original

Random weights and 48 random images, clean and under the 19 corruptions of ImageNet-C at severity 3,
mode `bn`, on two cores. Both are whole commands with their start, and take turns. A third job is
their bound: bare forward passes of as many images, in two processes of one thread that have
started before they are timed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from bare_passes import Bare
from recording import Goal, write_record

from robustbench_ln.models.registry import build_model
from robustbench_ln.speed.turns import Job, time_in_turns
from robustbench_ln.workers.crew import open_crew
from robustbench_ln.workers.launch import Launcher

HERE = Path(__file__).parents[1]
WORKERS, DEVICE_BATCH, CONDITIONS = 2, 4, 20
WORDS = (
    *("--arch", "torchvision:resnet50", "--normalize", "imagenet", "--modes", "bn"),
    *("--corruptions", "imagenet-c", "--severities", "3", "--data"),
)


def prepare(folder: Path, number: int) -> None:
    """Write weights and images."""
    torch.manual_seed(0)
    torch.save(build_model("torchvision:resnet50").state_dict(), folder / "resnet50.pt")
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (number, 224, 224, 3), dtype=np.uint8)
    np.savez(folder / "images.npz", images=images, labels=generator.integers(0, 1000, number))


def command(tree: Path, folder: Path) -> Job:
    """`ln-bench evaluate` of the package in a folder."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as out:
            subprocess.run(
                [
                    *(sys.executable, "-W", "ignore", "-m", "robustbench_ln", "evaluate"),
                    *(str(folder / "resnet50.pt"), *WORDS, f"arrays:{folder / 'images.npz'}"),
                    *("--out", f"{out}/run"),
                ],
                env=os.environ | {"PYTHONPATH": str(tree.resolve())},
                cwd=folder,
                capture_output=True,
                check=True,
            )

    return run


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("original", type=Path, help="folder of the other commit")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--images", type=int, default=48)
    arguments = parser.parse_args()
    share = arguments.images * CONDITIONS // WORKERS
    network = build_model("torchvision:resnet50").eval().to(memory_format=torch.channels_last)
    bare = Bare([(network, DEVICE_BATCH)], torch.zeros(48, 3, 224, 224, dtype=torch.uint8))
    with tempfile.TemporaryDirectory() as name, Launcher(["bare_passes"]) as launcher:
        folder = Path(name)
        prepare(folder, arguments.images)
        with open_crew(bare, WORKERS, launcher, advance=lambda _: None) as crew:
            list(crew.map([DEVICE_BATCH] * WORKERS))
            jobs = {
                "evaluate at 7db3309": command(arguments.original, folder),
                "evaluate": command(HERE, folder),
                "2 bare processes": lambda: list(crew.map([share] * WORKERS)),
            }
            seconds = time_in_turns(jobs, arguments.turns, warms_up=False)
    goals = [
        Goal("evaluate", "evaluate at 7db3309", 1.5),
        Goal("2 bare processes", "evaluate at 7db3309", None),
    ]
    write_record(
        "original_resnet50", seconds, goals, images=arguments.images, conditions=CONDITIONS,
        command="python benchmarks/against_original.py ../original",
    )  # fmt: skip


if __name__ == "__main__":
    main()
