"""Run directories made by hand, for tests of whatever reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robustbench_ln.reports.families import make_tables, read_tables
from robustbench_ln.reports.tables import Table
from robustbench_ln.rng import stream
from robustbench_ln.runs.description import (
    CheckpointDescription,
    DataDescription,
    NormalizationDescription,
    RunDescription,
    write_description,
)
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.predictions import Predictions, encode_predictions, prediction_name
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import read_results

VERSIONS = {"robustbench_ln": "0.1.0", "torch": "2.0", "numpy": "2.0"}


def make_record(mode: str = "bn", **fields: Any) -> Record:
    """A clean row of `mode`, with some fields changed."""
    usual: dict[str, Any] = {
        "checkpoint_sha256": "c" * 64,
        "data_sha256": "d" * 64,
        "seed": 0,
        "order": "shuffled",
        "limit": None,
        "set_size": None,
        "prior": None,
        "tie_rule": None,
        "corruption": "clean",
        "severity": 0.0,
        "convention": None,
        "range": None,
        "severity_table": None,
        "frost": None,
        "origin": "generated",
        "num_groups": 1,
        "total": 1000,
        "correct": 900,
        "expected_correct": None,
        "expected_sd": None,
        "ties": 0,
        "refills": 0,
        "seconds": 1.5,
        "versions": VERSIONS,
    }
    return Record(mode=mode, **(usual | fields))


def agn(mode: str, sigma: float, correct: int, **fields: Any) -> Record:
    """A row under AGN, with a made-up meaning that depends on sigma alone."""
    meaning = {
        "gain": 1.0 - 0.001 * sigma,
        "relative_noise_std": sigma,
        "clipped_share": 0.25 * sigma,
        "psnr": 20.0 - 10 * sigma,
    }
    noise = {"corruption": "agn", "severity": sigma, "convention": "paper", "range": "clip"}
    return make_record(mode, correct=correct, **(noise | meaning | fields))


def describe(
    first: Record, *, label: str = "resnet20", num_classes: int = 10, folder: str = "run"
) -> RunDescription:
    """What run.json says of a run of such a row."""
    return RunDescription(
        label=label,
        commands=(f"ln-bench evaluate {label}.th --arch resnet20 --out {folder}",),
        checkpoint=CheckpointDescription(
            path=f"checkpoints/{label}.th",
            sha256=first.checkpoint_sha256,
            arch="resnet20",
            num_parameters=272474,
            num_groups=1,
        ),
        data=DataDescription(
            source="cifar10:data",
            sha256=first.data_sha256,
            num_images=10_000,
            shape=(32, 32, 3),
            num_classes=num_classes,
        ),
        normalize=NormalizationDescription(
            name="imagenet", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
        ),
        seed=first.seed,
        order=first.order,
        limit=first.limit,
        device="cpu",
        dtype="float32",
        versions=VERSIONS,
    )


def write_run(
    path: Path, records: Iterable[Record], *, label: str = "resnet20", num_classes: int = 10
) -> Path:
    """Write what `ln-bench report` reads of a run."""
    path.mkdir(parents=True)
    records = list(records)
    first = records[0] if records else make_record()
    about = describe(first, label=label, num_classes=num_classes, folder=path.name)
    write_description(path, about)
    (path / "cells.jsonl").write_text("".join(record.to_line() for record in records))
    return path


def noise_run(path: Path, **options: Any) -> Path:
    """A small run of two modes under AGN."""
    records = [
        make_record("bn", correct=916),
        make_record("dbn-batch", correct=879, set_size=128, refills=24),
        agn("bn", 0.5, 300),
        agn("dbn-batch", 0.5, 520, set_size=128, refills=24),
        agn("bn", 1.0, 130),
        agn("dbn-batch", 1.0, 140, set_size=128, refills=24),
    ]
    return write_run(path, records, **options)


def corrupted(mode: str, corruption: str, severity: int, correct: int, **fields: Any) -> Record:
    """A row under a common corruption."""
    usual = {
        "severity_table": "cifar10-c",
        "frost": "procedural" if corruption == "frost" else None,
    }
    return make_record(
        mode, corruption=corruption, severity=float(severity), correct=correct, **(usual | fields)
    )


def tables_of(path: Path, *runs: list[Record]) -> list[Table]:
    """The tables of runs that are called r0, r1, ..."""
    return read_tables(
        [write_run(path / f"r{i}", run, label=f"r{i}") for i, run in enumerate(runs)],
        names="ids",
    )


def write_predictions(path: Path, records: Iterable[Record], labels: Sequence[int] = ()) -> None:
    """Write predictions of one group from which the rows of a run follow; images right at random.

    Args:
        path: The run.
        records: Its rows, each of a pass of its own.
        labels: In the order of evaluation; () for classes 0 to 9 in turn.
    """
    (path / "predictions").mkdir()
    for record in records:
        name = prediction_name(record.cell, 0)
        images = np.arange(record.total)
        truth = np.array(labels or images % 10)
        right = stream(0, name).permutation(record.total) < record.correct
        reals = np.full((1, record.total), 0.5, dtype=np.float32)
        predictions = Predictions(
            image_index=images,
            labels=truth,
            class_index=np.where(right, truth, (truth + 1) % 10)[None].astype(np.int32),
            top1_probability=reals,
            label_log_probability=-reals,
            class_logit_sum=reals,
            class_mean_probability=reals,
        )
        (path / "predictions" / name).write_bytes(encode_predictions(predictions))


def kept_table(
    path: Path, records: list[Record], labels: Sequence[int] = (), *, num_classes: int = 10
) -> Table:
    """The one table of a run that kept its predictions."""
    write_predictions(write_run(path, records, num_classes=num_classes), records, labels)
    (table,) = make_tables(read_outcomes(read_results([path], names="ids")))
    return table
