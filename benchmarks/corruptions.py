"""Speed of the 19 corruptions on one core, with --peer against installed generators.

    python benchmarks/corruptions.py --size 32
    python benchmarks/corruptions.py --size 224
    python benchmarks/corruptions.py --size 32 --peer --table imagenet-c

Images a second, each corruption the mean time of severities 1, 3 and 5; the total is of all 19 at
all five severities. Draws included, disk not. Ours and the peers' take turns within one run;
medians are printed, every repetition goes into benchmarks/results/. Peers know only the
parameters of ImageNet-C: --table imagenet-c compares like with like.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import warnings
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import torch

from robustbench_ln.corruptions.contract import corrupt_images
from robustbench_ln.corruptions.fog import plasma
from robustbench_ln.corruptions.frost import find_frost_folder
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.rng import image_streams, stream
from robustbench_ln.speed.turns import Job, circumstances, time_in_turns

RESULTS = Path(__file__).parent / "results"
PEERS = {"imagecorruptions-imaug": "imagecorruptions", "corrupt-tta": "corrupt_tta"}
MEAN_SEVERITIES = (1, 3, 5)
NUM_IMAGES = {32: 252, 224: 8}
PEER_SHARE = 4
"""A slow peer corrupts one image in this many."""

Seconds = dict[str, dict[str, dict[int, list[float]]]]
"""who -> corruption -> severity -> seconds an image, of every repetition."""


def smooth_images(size: int) -> torch.Tensor:
    """Return colour clouds, uint8 [N, size, size, 3]: as smooth as photographs, no noise."""
    side = 1 << (size - 1).bit_length()
    uniforms = stream(0, "benchmark images").random((3 * NUM_IMAGES[size], side * side - 1))
    clouds = plasma(torch.from_numpy(uniforms), 2.0)[:, :size, :size]
    return (clouds * 255.999).to(torch.uint8).unflatten(0, (-1, 3)).movedim(1, -1).contiguous()


def our_job(name: str, table: str, severity: int, images: torch.Tensor) -> Job:
    entry = CORRUPTIONS[name]
    row = entry.parameters[table][severity - 1]

    def run() -> object:
        streams = image_streams(0, name, float(severity), indices=range(len(images)))
        return corrupt_images(entry, images, row, streams)

    return run


def peer_job(module: str, name: str, severity: int, images: torch.Tensor) -> Job:
    corrupt = importlib.import_module(module).corrupt
    return lambda: [
        np.uint8(corrupt(image, severity=severity, corruption_name=name))
        for image in images.numpy()
    ]


def seconds_an_image(jobs: dict[str, tuple[Job, int]], repetitions: int) -> dict[str, list[float]]:
    """Seconds an image of every repetition, without the jobs that fail in a first, untimed turn."""
    able = {who: job for who, (job, _) in jobs.items() if runs(who, job)}
    seconds = time_in_turns(able, repetitions, warms_up=False)
    return {who: [value / jobs[who][1] for value in values] for who, values in seconds.items()}


def runs(who: str, job: Job) -> bool:
    try:
        job()
    except Exception as error:  # noqa: BLE001  (a peer may fail in any way)
        print(f"  {who} fails: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    return True


def importable_peers() -> dict[str, str]:
    """Return the peers that can be imported; say why the others cannot."""
    found = {}
    for package, module in PEERS.items():
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001  (a peer may fail in any way)
            print(f"{package} is left out: {type(error).__name__}: {error}", file=sys.stderr)
        else:
            found[package] = module
    return found


def measure(names: list[str], arguments: argparse.Namespace) -> Seconds:
    images = smooth_images(arguments.size)
    few = images[: max(1, len(images) // PEER_SHARE)]
    peers = importable_peers() if arguments.peer else {}
    seconds: Seconds = {who: {} for who in ("robustbench_ln", *peers)}
    for name in names:
        for severity in (1, 2, 3, 4, 5):
            jobs = {
                "robustbench_ln": (our_job(name, arguments.table, severity, images), len(images))
            }
            if severity in MEAN_SEVERITIES:
                for package, module in peers.items():
                    jobs[package] = (peer_job(module, name, severity, few), len(few))
            for who, values in seconds_an_image(jobs, arguments.repetitions).items():
                seconds[who].setdefault(name, {})[severity] = values
        print_row(name, seconds)
    return seconds


def print_row(name: str, seconds: Seconds) -> None:
    cells = [f"{name:18s}"]
    for who, table in seconds.items():
        times = [statistics.median(table.get(name, {}).get(s, [0.0])) for s in MEAN_SEVERITIES]
        rate = f"{len(times) / sum(times):10,.1f}" if all(times) else f"{'-':>10s}"
        cells.append(f"{rate} images/s {who}")
    print("  ".join(cells), flush=True)


def versions(packages: list[str]) -> dict[str, str]:
    return {package: metadata.version(package) for package in packages}


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, choices=NUM_IMAGES, default=32)
    parser.add_argument("--table", help="severity table (default: the one of the size)")
    parser.add_argument("--names", default=",".join(CORRUPTIONS), help="comma-separated")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--peer", action="store_true", help=f"also {', '.join(PEERS)}")
    parser.add_argument("--out", type=Path, help="raw record (default: benchmarks/results/)")
    arguments = parser.parse_args()
    arguments.table = arguments.table or {32: "cifar10-c", 224: "imagenet-c"}[arguments.size]
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")  # peers' deprecations; frost may be procedural, recorded below
    seconds = measure(arguments.names.split(","), arguments)
    own = [
        statistics.median(v) for rows in seconds["robustbench_ln"].values() for v in rows.values()
    ]
    print(f"{len(own)} (corruption, severity): {sum(own) * 10_000:.1f} s for 10,000 images")
    print(f"one severity of all, the mean: {sum(own) / 5 * 1000:.2f} ms an image")
    peers = [package for package in seconds if package != "robustbench_ln"]
    record = {
        **circumstances(" ".join(["python", *sys.argv]), threads=1),
        "size": arguments.size,
        "severity_table": arguments.table,
        "frost": "procedural" if find_frost_folder() is None else "photographs",
        "versions": versions(
            [
                "robustbench_ln",
                "torch",
                "numpy",
                "scipy",
                "opencv-python-headless",
                "pillow",
                *peers,
            ]
        ),
        "seconds_per_image": seconds,
    }
    out = arguments.out or RESULTS / f"corruptions_{arguments.size}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
