"""Do the checks stay quiet on right networks? Evaluate many, and keep what the checks say.

    python -m reproduction.false_alarms --data DIR

writes reproduction/records/false_alarms.json; docs/checks.md has the table. DIR holds the real
images and public checkpoints that tests use. Each network is evaluated on clean images; its
checks are also run in bfloat16, and as `ln-bench inspect` does. It takes half an hour on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reproduction.false_alarm_networks import (
    RightNetwork,
    TrainedNetwork,
    library_networks,
    networks_of,
    prepare,
)
from robustbench_ln.data import load_images
from robustbench_ln.evaluation.checks import (
    CheckResult,
    check_probe,
    make_probe,
    sample_pixels,
)
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.inspection import check_weights
from robustbench_ln.evaluation.request import EvaluationRequest, evaluate_request
from robustbench_ln.evaluation.subject import subject_of
from robustbench_ln.models.opened import open_network
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.norms import find_norm_layers
from robustbench_ln.progress import Silent
from robustbench_ln.runs.results import read_results
from robustbench_ln.spec import EvaluationSpec

__all__ = ["RECORD", "alarms_of", "check_network"]

RECORD = Path(__file__).parent / "records" / "false_alarms.json"


def check_network(network: RightNetwork, run: Path) -> dict[str, Any]:
    """Evaluate a network on clean images and return what every check said of it."""
    source = NetworkSource(path=network.checkpoint, arch=network.arch)
    request = EvaluationRequest(
        network=source,
        images=ImageRequest(data=network.images),
        spec=EvaluationSpec(modes=network.modes, limit=network.limit),
        normalize=network.normalize,
    )
    evaluate_request(request, out=run, progress=Silent())
    modes = read_results([run])
    accuracy = {m.variant: cell.accuracy for m in modes for cell in m.cells.values()}
    return {
        "network": network.name,
        "images": next(iter(modes)).any_record.total,
        "size": load_images(network.images).shape.height,
        "accuracy": {mode: round(value, 4) for mode, value in accuracy.items()},
        "run": list(map(_as_json, modes[0].run.checks)),
        "bf16": list(map(_as_json, _check_in_bf16(network, source))),
        "inspect": list(map(_as_json, _inspect(network, source))),
    }


def _as_json(result: CheckResult) -> dict[str, Any]:
    said = {} if result.line is None else {"message": str(result.message)}
    return {"name": result.name, "status": result.status, **said, "numbers": dict(result.numbers)}


def _check_in_bf16(network: RightNetwork, source: NetworkSource) -> tuple[CheckResult, ...]:
    images = load_images(network.images)
    subject = subject_of(open_network(source, network.normalize), images.shape)
    layers = find_norm_layers(subject.model, images.shape.as_input)
    pixels = sample_pixels(images, np.arange(len(images)))
    spec = EvaluationSpec(modes=("all",), amp="bf16")
    return check_probe(make_probe(subject, layers, spec, pixels=pixels, shape=images.shape))


def _inspect(network: RightNetwork, source: NetworkSource) -> tuple[CheckResult, ...]:
    shape = load_images(network.images).shape
    return check_weights(open_network(source, network.normalize), shape)


def alarms_of(row: dict[str, Any]) -> list[str]:
    """Return the warnings and notes of a row of the record."""
    return [
        f"{part}: {check['name']}: {check['message']}"
        for part in ("run", "bf16", "inspect")
        for check in row[part]
        if check["status"] in ("warning", "note")
    ]


def _rows(data: Path, folder: Path, *, only: str) -> Iterator[dict[str, Any]]:
    small = [network for network in networks_of(data, folder) if only in network.name]
    large = [network for network in library_networks() if only in network.name]
    prepare(data, folder, {network.size for network in large})
    for number, network in enumerate(small):
        out = folder / f"training_{number}"
        network.make(out)
        yield check_network(_trained(network, out), folder / f"run_{number}")
    with np.load(data / "cifar10_train_5085.npz") as file:
        pixels, labels = file["images"], file["labels"]
    for number, trained in enumerate(large):
        weights = folder / f"weights_{number}.pt"
        trained.make(weights, pixels, labels)
        yield check_network(_made(trained, weights, folder), folder / f"library_{number}")
        weights.unlink()


def _trained(network: RightNetwork, out: Path) -> RightNetwork:
    return replace(network, checkpoint=str(out / "last.pt")) if network.train else network


def _made(network: TrainedNetwork, weights: Path, folder: Path) -> RightNetwork:
    return RightNetwork(
        name=network.name,
        checkpoint=str(weights),
        arch=network.arch,
        normalize="imagenet",
        images=f"arrays:{folder}/cifar10_{network.size}px.npz",
        modes=("plain",) if "vit" in network.arch else ("plain", "bn", "dbn-batch"),
    )


def write_record(rows: Iterable[dict[str, Any]], file: Path) -> None:
    """Write rows into a record, one network a line; those of other networks stay."""
    known = json.loads(file.read_text())["rows"] if file.is_file() else []
    by_name = {row["network"]: row for row in [*known, *rows]}
    order = [network.name for network in networks_of(file, file)]
    order += [network.name for network in library_networks()]
    about = {"command": "python -m reproduction.false_alarms", "torch": torch.__version__}
    lines = ",\n".join(json.dumps(by_name[name]) for name in order if name in by_name)
    file.write_text(f'{json.dumps(about)[:-1]}, "rows": [\n{lines}\n]}}\n')


def main(words: Sequence[str] | None = None) -> int:
    """Check every network; exit with 1 where there is an alarm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="real images, public checkpoints")
    parser.add_argument("--only", default="", help="networks whose name has this in it")
    parser.add_argument("--record", type=Path, default=RECORD, help="where to write")
    asked = parser.parse_args(words)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for row in _rows(asked.data, Path(folder), only=asked.only):
            rows.append(row)
            print(row["network"], row["accuracy"], *alarms_of(row), sep="\n  ", flush=True)
            write_record(rows, asked.record)
    return int(any(map(alarms_of, rows)))


if __name__ == "__main__":
    sys.exit(main())
