"""What `evaluate --dry-run` estimates, against what the run then takes.

    python benchmarks/estimates.py

Networks of random weights on images of noise, in files. Estimate and run are processes of their
own, one after the other. Seconds are those from opening the files to the last row: neither includes
the import of torch and the report. Memory is the most that all processes of the run have at a time,
shared pages counted once (PSS), looked at ten times a second. Disk is the run directory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from recording import RESULTS

from robustbench_ln.evaluation.estimate import estimate_request
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.request import EvaluationRequest, evaluate_request
from robustbench_ln.evaluation.subject import versions
from robustbench_ln.models.registry import build_model
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.progress import Silent
from robustbench_ln.spec import ConditionRequest, EvaluationSpec
from robustbench_ln.speed.turns import circumstances
from robustbench_ln.workers.allocator import collect_rarely, keep_freed_memory


class Case(NamedTuple):
    """A run.

    Attributes:
        name: Its name in the table.
        arch: The network.
        size: Side of the images.
        images: N.
        modes: Modes.
        corruptions: At severity 3; beside them the clean images.
        groups: G of LocalNorm; 0 leaves BatchNorm.
        stat_batch: B.
    """

    name: str
    arch: str
    size: int
    images: int
    modes: tuple[str, ...]
    corruptions: tuple[str, ...] = ("gaussian_noise", "motion_blur", "fog", "jpeg_compression")
    groups: int = 0
    stat_batch: int = 128


CASES = (
    Case("ResNet-20, 32 px, bn", "resnet20", 32, 4000, ("bn",)),
    Case("ResNet-20, 32 px, all modes", "resnet20", 32, 1000, ("all",)),
    Case("ResNet-20 with LocalNorm, 32 px, all modes", "resnet20", 32, 128, ("all",), groups=8),
    Case("ResNet-18, 224 px, bn and dbn-single", "torchvision:resnet18", 224, 96,
         ("bn", "dbn-single")),
    Case("ResNet-50, 224 px, bn and dbn-batch", "torchvision:resnet50", 224, 48,
         ("bn", "dbn-batch"), stat_batch=16),
)  # fmt: skip


def write_files(case: Case, folder: Path) -> None:
    """Write weights and images."""
    torch.manual_seed(0)
    network = build_model(case.arch)
    if case.groups:
        network = convert_batchnorm(network, case.groups).model
    torch.save(network.state_dict(), folder / "net.pt")
    generator = np.random.default_rng(0)
    shape = (case.images, case.size, case.size, 3)
    pixels = generator.integers(0, 256, shape, dtype=np.uint8)
    np.savez(folder / "images.npz", images=pixels, labels=generator.integers(0, 10, case.images))


def do(case: Case, workers: int, folder: Path, *, is_estimate: bool) -> dict[str, float]:
    """Estimate a run, or do it, in this process."""
    keep_freed_memory()
    collect_rarely()
    table = "cifar10-c" if case.size < 100 else "imagenet-c"
    request = EvaluationRequest(
        network=NetworkSource(path=folder / "net.pt", arch=case.arch),
        images=ImageRequest(
            data=f"arrays:{folder}/images.npz",
            degradation=ConditionRequest(
                corruptions=case.corruptions, severities=(3,), severity_table=table
            ),
        ),
        spec=EvaluationSpec(
            modes=case.modes, workers=workers, stat_batch=case.stat_batch, group_size=16
        ),
        normalize="none",
    )
    if is_estimate:
        found = estimate_request(request, out=folder / "run", progress=Silent())
        return {
            "seconds": found.seconds[workers],
            "memory": found.memory_bytes,
            "disk": found.disk_bytes,
        }
    started = time.perf_counter()
    evaluate_request(request, out=folder / "run", progress=Silent())
    seconds = time.perf_counter() - started
    files = [path for path in (folder / "run").rglob("*") if path.is_file()]
    return {"seconds": seconds, "disk": sum(path.stat().st_size for path in files)}


def start(number: int, workers: int, folder: Path, *words: str) -> tuple[dict[str, Any], int]:
    """Do a job in a process of its own; return what it says, and the peak of its tree in bytes."""
    command = [sys.executable, __file__, "--case", str(number), "--workers", str(workers)]
    command += ["--folder", str(folder), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_proportional_bytes, _tree_of(process.pid))))
        time.sleep(0.1)
    assert process.stdout is not None
    return json.loads(process.stdout.read()), peak


def _tree_of(pid: int) -> list[int]:
    """Return a process and all that come from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in _tree_of(int(child)))]


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def measure() -> list[dict[str, Any]]:
    """Estimate and do every case."""
    found = []
    for number, case in enumerate(CASES):
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write_files(case, folder)
                estimated, _ = start(number, workers, folder, "--estimate")
                real, peak = start(number, workers, folder)
            found.append(
                {
                    "case": case.name,
                    "images": case.images,
                    "conditions": 1 + len(case.corruptions),
                    "workers": workers,
                    "load": os.getloadavg()[0],
                    "estimated": estimated,
                    "real": real | {"memory": peak},
                }
            )
            print(found[-1], flush=True)
    return found


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--estimate", action="store_true")
    arguments = parser.parse_args()
    if arguments.case is not None:
        case, folder = CASES[arguments.case], arguments.folder
        print(json.dumps(do(case, arguments.workers, folder, is_estimate=arguments.estimate)))
        return
    content = {
        **circumstances(" ".join(["python", *sys.argv]), threads=1),
        "versions": versions(),
        "runs": measure(),
    }
    (RESULTS / "estimates.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
