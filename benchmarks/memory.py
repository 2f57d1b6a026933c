"""Peak memory of an evaluation by one and by two workers, at 1,000 and at 10,000 images.

    python benchmarks/memory.py

ResNet-20 under `bn`, the clean images and gaussian_noise at severity 3, all or the first 1,000 of
10,000 images of 32 px. Each measurement is a program of its own; there is a peak for its process
and one for the largest of its workers.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from recording import RESULTS
from workers import random_images, subject_of

from robustbench_ln.corruptions.request import resolve_conditions
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import versions
from robustbench_ln.models.registry import build_model
from robustbench_ln.spec import ConditionRequest, EvaluationSpec
from robustbench_ln.speed.turns import circumstances
from robustbench_ln.workers.allocator import keep_freed_memory


def measure(number: int, workers: int) -> dict[str, int]:
    """Return the peaks of this process and of its largest worker, in KiB."""
    keep_freed_memory()
    request = ConditionRequest(
        corruptions=("gaussian_noise",), severities=(3,), severity_table="cifar10-c"
    )
    conditions, _ = resolve_conditions(request)
    spec = EvaluationSpec(modes=("bn",), conditions=conditions, workers=workers, limit=number)
    images = random_images(10_000, 32)
    with tempfile.TemporaryDirectory() as folder:
        evaluate(subject_of(build_model("resnet20")), images, spec, out=Path(folder) / "run")
    return {
        "own": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "workers": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    }


def main() -> None:
    """Measure each in a program of its own, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.images:
        print(json.dumps(measure(arguments.images, arguments.workers)))
        return
    peaks = []
    for workers in (1, 2):
        for number in (1_000, 10_000):
            words = ["--images", str(number), "--workers", str(workers)]
            run = subprocess.run(
                [sys.executable, __file__, *words], capture_output=True, text=True, check=True
            )
            peaks.append({"images": number, "count": workers} | json.loads(run.stdout))
            print(peaks[-1], flush=True)
    content = {
        **circumstances(" ".join(["python", *sys.argv]), threads=1),
        "versions": versions(),
        "peaks": peaks,
    }
    (RESULTS / "memory.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
