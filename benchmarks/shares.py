"""Where the time of an evaluation goes: CPU seconds of its parts, on one core and on two.

    python benchmarks/shares.py

Each run is a program of its own, which is told its cores. On one core the functions that do a part
are timed, in CPU seconds of their thread, without what they call of other parts; "other Python" is
what is left. On two cores two workers do the same run, and nothing in them is timed. Random
weights, images of noise; the network has one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A run: network, LocalNorm's groups (0: BatchNorm), side and number of images, modes."""

    arch: str
    groups: int
    size: int
    images: int
    modes: str
    corruptions: tuple[str, ...]


MIXED = ("gaussian_noise", "motion_blur", "fog", "jpeg_compression")
CASES = {
    "ResNet-20, bn": Case("resnet20", 0, 32, 4000, "bn", MIXED),
    "ResNet-20, dbn-batch": Case("resnet20", 0, 32, 4000, "dbn-batch", MIXED),
    "ResNet-32, LocalNorm, ln-batch": Case("resnet32", 8, 32, 512, "ln-batch", MIXED),
    "ResNet-50, 224 px, bn": Case("torchvision:resnet50", 0, 224, 48, "bn", MIXED),
    "ResNet-50, 224 px, dbn-batch": Case("torchvision:resnet50", 0, 224, 48, "dbn-batch", MIXED),
}


class Clock:
    """CPU seconds of parts, in whatever thread; a part does not have those of a part within it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._local = threading.local()

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, whose time is noted."""

        @wraps(function)
        def run(*words: Any, **more: Any) -> Any:
            inner = getattr(self._local, "inner", 0.0)
            self._local.inner = 0.0
            started = time.thread_time()
            try:
                return function(*words, **more)
            finally:
                took = time.thread_time() - started
                self.seconds[part] += took - self._local.inner
                self._local.inner = inner + took

        return run

    def watch(self, part: str, owner: Any, name: str) -> None:
        """Time a function, in its place."""
        object.__setattr__(owner, name, self.timed(part, getattr(owner, name)))


def watch_parts(clock: Clock) -> None:
    """Time the parts of an evaluation."""
    from torch import nn

    from robustbench_ln.corruptions import stream
    from robustbench_ln.corruptions.registry import CORRUPTIONS
    from robustbench_ln.evaluation import inputs, pass_run, run, unit
    from robustbench_ln.evaluation.image_tally import ImageTally
    from robustbench_ln.norms import StatisticsModel
    from robustbench_ln.runs.writing import RunDirectory

    make_model = pass_run._make_model

    def make_watched(*words: Any) -> StatisticsModel:
        model = make_model(*words)
        for layer in model.norm_layers:
            clock.watch("norm layers", model.network.get_submodule(layer.name), "forward")
        return model

    for kind in (nn.Conv2d, nn.Linear):
        kind.forward = clock.timed("convolutions, products", kind.forward)
    StatisticsModel.forward = clock.timed("other layers", StatisticsModel.forward)
    pass_run._make_model = make_watched
    for entry in CORRUPTIONS.values():
        clock.watch("drawing random numbers", entry, "draw")
    clock.watch("degrading", stream, "_degrade")
    clock.watch("normalising", inputs, "to_network")
    ImageTally.add = clock.timed("counting grey levels", ImageTally.add)
    clock.watch("predictions", unit, "predict")
    clock.watch("predictions", run, "reduce_predictions")
    for name in ("append", "write_predictions"):
        setattr(RunDirectory, name, clock.timed("writing", getattr(RunDirectory, name)))


def measure(name: str, cores: int) -> dict[str, Any]:
    """Do a run in this process and its workers; return what it took."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from robustbench_ln.workers.allocator import collect_rarely, keep_freed_memory

    keep_freed_memory()
    collect_rarely()
    import numpy as np

    from robustbench_ln.corruptions.request import resolve_conditions
    from robustbench_ln.data import ArrayImages
    from robustbench_ln.evaluation.run import evaluate
    from robustbench_ln.evaluation.subject import Subject
    from robustbench_ln.models.registry import build_model
    from robustbench_ln.norms import convert_batchnorm
    from robustbench_ln.runs.description import CheckpointDescription
    from robustbench_ln.spec import ConditionRequest, EvaluationSpec, parse_normalization

    case, clock = CASES[name], Clock()
    if cores == 1:
        watch_parts(clock)
    model = build_model(case.arch).eval()
    model = convert_batchnorm(model, case.groups).model if case.groups else model
    shape = (case.images, case.size, case.size, 3)
    generator = np.random.default_rng(0)
    images = ArrayImages(
        source="arrays:random", kind="arrays",
        pixels=generator.integers(0, 256, shape, dtype=np.uint8),
        labels=generator.integers(0, 10, case.images),
    )  # fmt: skip
    subject = Subject(
        model=model, num_classes=1000 if case.size == 224 else 10, label="network",
        normalization=parse_normalization("none", 3),
        checkpoint=CheckpointDescription(
            sha256="random", arch=case.arch, num_parameters=0, num_groups=max(1, case.groups)
        ),
    )  # fmt: skip
    table = "imagenet-c" if case.size == 224 else "cifar10-c"
    request = ConditionRequest(corruptions=case.corruptions, severities=(3,), severity_table=table)
    spec = EvaluationSpec(
        modes=(case.modes,), conditions=resolve_conditions(request).conditions, workers=cores,
        stat_batch=16 if case.size == 224 else 128, group_size=16,
    )  # fmt: skip
    began = time.process_time(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        evaluate(subject, images, spec, out=Path(folder) / "run")
    wall = time.perf_counter() - began[1]
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in usages) - began[0]
    parts = dict(clock.seconds)
    if cores == 1:
        parts["other Python"] = cpu - sum(parts.values())
    return {
        "wall": wall,
        "cpu": cpu,
        "start": began[0],
        "system": sum(usage.ru_stime for usage in usages),
        "page_faults": sum(usage.ru_minflt for usage in usages),
        "parts": parts,
    }


def main() -> None:
    """Measure each in a program of its own, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=tuple(CASES))
    parser.add_argument("--cores", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.case, arguments.cores)))
        return
    from recording import RESULTS

    from robustbench_ln.evaluation.subject import versions
    from robustbench_ln.speed.turns import circumstances

    about = circumstances(" ".join(["python", *sys.argv]), threads=1)
    found: dict[str, Any] = {}
    for name, case in CASES.items():
        found[name] = {"images": case.images, "conditions": 1 + len(case.corruptions)}
        for cores in (1, 2):
            words = ["--case", name, "--cores", str(cores)]
            done = subprocess.run(
                [sys.executable, __file__, *words], capture_output=True, text=True, check=True
            )
            found[name][f"cores_{cores}"] = json.loads(done.stdout)
            print(name, cores, found[name][f"cores_{cores}"], flush=True)
    content = {**about, "versions": versions(), "runs": found}
    (RESULTS / "shares.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
