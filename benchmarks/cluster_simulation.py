"""How time falls with machines, on paper: ImageNet-C, ResNet-50, all modes.

    python benchmarks/cluster_simulation.py --measure    what the plan needs beside other records
    python benchmarks/cluster_simulation.py              the simulation, into results/

The units are those that `evaluate` would have; each takes what was measured on one core: the passes
(resnet50.json), the corruption (corruptions_224.json), reading a picture and sending the result
(cluster_units.json). Cores take the next unit when they are free, as Ray's do, in the order of the
units; one process writes. Shards have whole conditions each, and the clean images.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import os
import pickle
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, SEVERITIES
from robustbench_ln.files.pictures import Framing, read_picture
from robustbench_ln.modes import MODES
from robustbench_ln.runs.predictions import Predictions, encode_predictions
from robustbench_ln.runs.reduction import reduce_predictions
from robustbench_ln.runs.shards import Shard

RESULTS = Path(__file__).parent / "results"
IMAGES, UNIT, CORES = 50_000, 128, 16
NODES = (1, 4, 16, 64, 256, 1024)
PASSES = ("bn", "dbn-batch", "dbn-single", "dbn-single-rot90")
PICTURE = (500, 375)
"""Width and height of a usual validation image of ImageNet."""
START_SECONDS = 30.0
"""Until the first unit runs: Python, torch, weights and the first look at the images."""


def cpu_seconds(job: Callable[[], object], repetitions: int) -> list[float]:
    """Seconds of this process, which a busy machine changes little."""
    found = []
    for _ in range(repetitions):
        started = time.process_time()
        job()
        found.append(time.process_time() - started)
    return found


def measure() -> None:
    """Write results/cluster_units.json."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize(PICTURE, Image.Resampling.BICUBIC)
    predictions = _predictions(IMAGES)
    small = pickle.dumps([_predictions(UNIT) for _ in PASSES])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "picture.jpg")
        picture.save(file, quality=95)
        framing = Framing(resize=256, crop=224)
        seconds = {
            "read a picture": cpu_seconds(lambda: read_picture(file, framing), 51),
            "reduce a pass": cpu_seconds(lambda: _reduce(predictions), 5),
            "write a pass": cpu_seconds(lambda: encode_predictions(predictions), 5),
            "read a result": cpu_seconds(lambda: pickle.loads(small), 51),
        }
    record = {
        "command": "python benchmarks/cluster_simulation.py --measure",
        "load": os.getloadavg()[0],
        "result_bytes": len(small),
        "cpu_seconds": seconds,
    }
    (RESULTS / "cluster_units.json").write_text(json.dumps(record, indent=1) + "\n")


def _predictions(number: int) -> Predictions:
    draws = np.random.default_rng(0)
    shape = (1, number)
    return Predictions(
        image_index=np.arange(number, dtype=np.int64),
        labels=draws.integers(0, 1000, number),
        class_index=draws.integers(0, 1000, shape).astype(np.int32),
        top1_probability=draws.random(shape).astype(np.float32),
        label_log_probability=-draws.random(shape).astype(np.float32),
        class_logit_sum=draws.random(shape).astype(np.float32),
        class_mean_probability=draws.random(shape).astype(np.float32),
    )


def _reduce(predictions: Predictions) -> object:
    return reduce_predictions(MODES["bn"], predictions, set_size=1, seed=0, tie_rule="random")


def read(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text())


def unit_seconds() -> dict[str, float]:
    """Seconds of a unit on one core, by condition."""
    forward = read("resnet50")
    each = forward["results"]["all"]["seconds"] / forward["images"]
    each += median(read("cluster_units")["cpu_seconds"]["read a picture"])
    made = read("corruptions_224")["seconds_per_image"]["robustbench_ln"]
    found = {"clean": UNIT * each}
    for name in BENCHMARK_CORRUPTIONS:
        for severity in SEVERITIES:
            found[f"{name} {severity}"] = UNIT * (each + median(made[name][str(severity)]))
    return found


def writer_seconds() -> tuple[float, float]:
    """Seconds of the one writer: for a result of a unit, and for a condition."""
    found = read("cluster_units")["cpu_seconds"]
    measured = {name: median(values) for name, values in found.items()}
    return measured["read a result"], len(PASSES) * (
        measured["reduce a pass"] + measured["write a pass"]
    )


def run_units(conditions: list[float], cores: int) -> float:
    """Seconds until the last row is written; each unit goes to the core that is free first."""
    number = math.ceil(IMAGES / UNIT)
    per_unit, per_condition = writer_seconds()
    free = [0.0] * cores
    written = 0.0
    for seconds in conditions:
        ends = 0.0
        for _ in range(number):
            end = heapq.heappop(free) + seconds
            heapq.heappush(free, end)
            ends = max(ends, end)
        written = max(written, ends) + number * per_unit + per_condition
    return START_SECONDS + written


def run_shards(conditions: list[float], shards: int) -> float:
    """Seconds of the slowest of so many shards, a machine each; the clean images are in all."""
    clean, *others = conditions
    return max(
        run_units([clean, *Shard(number, shards).take(others)], CORES)
        for number in range(1, shards + 1)
    )


def simulate() -> None:
    """Write results/cluster_simulation.json, and print it."""
    units = unit_seconds()
    conditions = list(units.values())
    work = sum(conditions) * math.ceil(IMAGES / UNIT)
    rows = []
    for nodes in NODES:
        shards = run_shards(conditions, nodes) if nodes < len(conditions) else None
        row = {
            "nodes": nodes,
            "cores": nodes * CORES,
            "units": run_units(conditions, nodes * CORES),
        }
        rows.append(row | {"shards": shards})
        print(row, shards)
    per_unit, per_condition = writer_seconds()
    record = {
        "command": "python benchmarks/cluster_simulation.py",
        "load": read("cluster_units")["load"],
        "images": IMAGES,
        "conditions": len(conditions),
        "passes": len(PASSES),
        "units": len(conditions) * math.ceil(IMAGES / UNIT),
        "core_seconds": work,
        "fastest_unit": min(units.values()),
        "slowest_unit": max(units.values()),
        "slowest_condition": max(units, key=lambda name: units[name]),
        "writer_seconds": len(conditions) * (per_condition + per_unit * math.ceil(IMAGES / UNIT)),
        "result_bytes": read("cluster_units")["result_bytes"],
        "rows": rows,
    }
    (RESULTS / "cluster_simulation.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true")
    measure() if parser.parse_args().measure else simulate()
