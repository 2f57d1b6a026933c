"""What Ray costs on one machine: `evaluate --engine ray` against `--workers`, in turns.

    pip install 'ray>=2.40'
    python benchmarks/ray_overhead.py [--turns 3]

Both have as many processes; both start them within their time. Every repetition goes into
benchmarks/results/ray_overhead.json, with the load of the machine.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import count
from pathlib import Path

import torch
from recording import Goal, write_record
from workers import CONDITIONS, FROST, random_images, subject_of

from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.models.registry import build_model
from robustbench_ln.spec import EvaluationSpec
from robustbench_ln.speed.turns import time_in_turns
from robustbench_ln.workers.engine import Engine

NUM_IMAGES, WORKERS = 2000, 2


def main() -> None:
    """Time both and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--conditions", type=int, default=len(CONDITIONS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    conditions = CONDITIONS[: arguments.conditions]
    images = random_images(NUM_IMAGES, 32)
    subject = subject_of(build_model("resnet20").eval())
    spec = EvaluationSpec(modes=("bn",), conditions=conditions, frost=FROST, workers=WORKERS)
    with tempfile.TemporaryDirectory() as folder:
        numbers = count()

        def job(engine: Engine) -> None:
            evaluate(subject, images, spec, out=Path(folder, str(next(numbers))), engine=engine)

        names = (f"evaluate --workers {WORKERS}", "the same with --engine ray")
        jobs = {
            names[0]: lambda: job(Engine()),
            names[1]: lambda: job(Engine(name="ray")),
        }
        seconds = time_in_turns(jobs, arguments.turns, warms_up=False)
    write_record(
        "ray_overhead",
        seconds,
        [Goal(job=names[1], against=names[0], least=0.5)],
        images=NUM_IMAGES,
        size=32,
        conditions=len(conditions),
    )


if __name__ == "__main__":
    main()
