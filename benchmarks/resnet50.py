"""Peak memory and seconds of every mode of a ResNet-50 at 224 pixels, against the bare forward.

    python benchmarks/resnet50.py

200 random images, random weights, one thread. Each measurement is a process of its own, so that its
peak memory is its own. `all` has the work of seven forward passes: one each for bn, dbn-batch and
dbn-single, four for dbn-single-rot90. Seconds are the process's CPU time, which other jobs on a
shared machine disturb less than wall time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import Subject, versions
from robustbench_ln.models.registry import build_model
from robustbench_ln.runs.description import CheckpointDescription
from robustbench_ln.spec import EvaluationSpec, parse_normalization
from robustbench_ln.speed.turns import circumstances

RESULTS = Path(__file__).parent / "results" / "resnet50.json"
UNITS = {"bare": 1, "all": 7}
NUM_IMAGES = 200


def measure(job: str) -> dict[str, float]:
    """Run one job in this process; return seconds and peak memory in MiB."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = build_model("torchvision:resnet50").eval()
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 224, 224, 3)).astype(np.uint8)
    started = time.process_time()
    if job == "bare":
        network = model.to(memory_format=torch.channels_last)
        with torch.inference_mode():
            for start in range(0, NUM_IMAGES, 32):
                batch = torch.from_numpy(pixels[start : start + 32]).permute(0, 3, 1, 2)
                network(batch / 255)
    else:
        labels = np.zeros(NUM_IMAGES, dtype=np.int64)
        images = ArrayImages(source="arrays:random", kind="arrays", pixels=pixels, labels=labels)
        subject = Subject(
            model=model, num_classes=1000, normalization=parse_normalization("imagenet", 3),
            label="resnet50",
            checkpoint=CheckpointDescription(
                sha256="random", arch="resnet50", num_parameters=0, num_groups=1
            ),
        )  # fmt: skip
        spec = EvaluationSpec(modes=(job,), stat_batch=32, device_batch=32)
        with tempfile.TemporaryDirectory() as folder:
            evaluate(subject, images, spec, out=Path(folder) / "run")
    seconds = time.process_time() - started
    return {
        "seconds": seconds,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measure every job in a process of its own, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--job", choices=tuple(UNITS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(measure(arguments.job)))
        return
    results = {}
    for job, units in UNITS.items():
        command = [sys.executable, __file__, "--job", job]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        results[job] = json.loads(run.stdout.splitlines()[-1])
        seconds, peak = results[job]["seconds"], results[job]["peak_mib"]
        unit = seconds / units / results["bare"]["seconds"]
        print(
            f"{job:18s} {seconds:7.1f} s  {unit:5.2f} x bare per unit  {peak:6.0f} MiB", flush=True
        )
    record = {
        **circumstances(" ".join(["python", *sys.argv]), threads=1),
        "images": NUM_IMAGES,
        "stat_batch": 32,
        "device_batch": 32,
        "versions": versions(),
        "units": UNITS,
        "results": results,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
