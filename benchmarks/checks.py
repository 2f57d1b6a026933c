"""What the checks of a run cost: seconds before the first cell and after the clean one, in turns.

    OMP_NUM_THREADS=1 python benchmarks/checks.py

writes benchmarks/results/checks.json, which docs/checks.md shows. Each network has fresh weights;
it is evaluated on random images in `bn` and `dbn-batch`, clean and under two noises, and the checks
are timed inside of that run. CPU seconds are those of the process: other programs do not count.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.evaluation.checks import RunChecks
from robustbench_ln.evaluation.own_network import name_own_network
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.models.registry import build_model
from robustbench_ln.spec import EvaluationSpec, parse_normalization

OUT = Path(__file__).parent / "results" / "checks.json"
TURNS = 3
NETWORKS = (
    ("resnet20", 32, 500),
    ("torchvision:mobilenet_v3_small", 224, 250),
)
"""Network, side of its images, their number."""


class Clock:
    """CPU and wall seconds that were spent in some functions."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            cpu, wall = time.process_time(), time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.cpu += time.process_time() - cpu
                self.wall += time.perf_counter() - wall

        return timed


def measure(name: str, size: int, number: int) -> dict[str, float]:
    model = build_model(name, num_classes=10).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (number, size, size, 3)).astype(np.uint8)
    labels = np.arange(number, dtype=np.int64) % 10
    images = ArrayImages(source="arrays:random", kind="arrays", pixels=pixels, labels=labels)
    normalization = parse_normalization("imagenet", 3)
    subject = name_own_network(model, normalization, image_shape=(3, size, size))
    spec = EvaluationSpec(
        modes=("bn", "dbn-batch"),
        conditions=noise_conditions(["agn"], sigmas=[0.0, 0.5, 1.0]),
        stat_batch=50,
        device_batch=50,
    )
    before, after = RunChecks.before, RunChecks.after_clean
    checks, whole = Clock(), Clock()
    RunChecks.before = checks.around(before)  # type: ignore[method-assign]
    RunChecks.after_clean = checks.around(after)  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder:
            whole.around(evaluate)(subject, images, spec, out=Path(folder) / "run")
    finally:
        RunChecks.before, RunChecks.after_clean = before, after  # type: ignore[method-assign]
    return {
        "checks_cpu": checks.cpu, "checks_wall": checks.wall,
        "run_cpu": whole.cpu, "run_wall": whole.wall,
    }  # fmt: skip


def main() -> None:
    turns: dict[str, list[dict[str, float]]] = {name: [] for name, *_ in NETWORKS}
    for _ in range(TURNS):
        for name, size, number in NETWORKS:
            turns[name].append(measure(name, size, number))
            print(name, turns[name][-1], flush=True)
    rows = [
        {"network": name, "size": size, "images": number}
        | {key: statistics.median(turn[key] for turn in turns[name]) for key in turns[name][0]}
        for name, size, number in NETWORKS
    ]
    about = {
        "command": "OMP_NUM_THREADS=1 python benchmarks/checks.py",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "turns": TURNS,
    }
    OUT.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
