"""Flip probabilities and top-5 distances as a table, a CSV file, and relative to another network.

A mean over perturbations is given only where all ten of the benchmark were measured. Relative to
another network, AlexNet for ImageNet-P, it is a mean of ratios, one for each perturbation: mFR and
mT5D.

Source: Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions
    and Perturbations", section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from robustbench_ln.errors import RecordError
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.metrics.flips import mean_ratio
from robustbench_ln.reports.grids import Grid, to_text
from robustbench_ln.reports.numbers import MISSING, fixed
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.runs.columns import Columns
from robustbench_ln.texts.safe import one_line

__all__ = ["Baseline", "describe_flips", "read_baseline", "write_flips"]

COLUMNS = ("perturbation", "mode", "set_size", "sequences", "flip_probability", "top5_distance")
MEAN = "mean"


class Baseline(NamedTuple):
    """What another network comes to: perturbation -> its flip probability and top-5 distance."""

    name: str
    flips: Mapping[str, float]
    distances: Mapping[str, float]


def read_baseline(path: Path) -> Baseline:
    """Read a flips.csv of a network in one mode.

    Raises:
        RecordError: No such file, or it is no flips.csv of one mode.
    """
    try:
        with open_regular(path) as file:
            frame = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise explain_bad_file(path, "a flips.csv", error) from error
    if missing := [name for name in COLUMNS if name not in frame]:
        raise RecordError(f"{path}: no column '{missing[0]}'; expected a flips.csv")
    if frame["perturbation"].duplicated().any():
        raise RecordError(f"{path}: has several modes; measure the baseline in one, as plain")
    numbers = frame[["flip_probability", "top5_distance"]].apply(pd.to_numeric, errors="coerce")
    flips = dict(zip(frame["perturbation"], numbers["flip_probability"], strict=True))
    if not all(0 < value <= 1 for value in flips.values()):
        raise RecordError(f"{path}: a flip probability is not above 0 and at most 1")
    distances = dict(zip(frame["perturbation"], numbers["top5_distance"], strict=True))
    return Baseline(path.name, flips, {k: v for k, v in distances.items() if v > 0})


def describe_flips(
    frame: pd.DataFrame, benchmark: Sequence[str], baseline: Baseline | None = None
) -> str:
    """Return the tables of a terminal.

    Args:
        frame: Rows with `COLUMNS`.
        benchmark: The perturbations that a mean is over.
        baseline: Another network; None gives no ratios.
    """
    parts = ["Flip probability, %", _table(frame, "flip_probability", 100, benchmark)]
    if frame["top5_distance"].notna().any():
        parts += ["\nTop-5 distance, 0 to 15", _table(frame, "top5_distance", 1, benchmark)]
    if baseline is not None:
        ratios = (("mFR", "flip_probability"), ("mT5D", "top5_distance"))
        for name, column in ratios:
            of = baseline.flips if name == "mFR" else baseline.distances
            said = _ratios(frame, column, of, benchmark)
            parts.append(f"{name}, % of {one_line(baseline.name)}: {said}")
    return "\n".join(parts)


def write_flips(frame: pd.DataFrame, out: Path) -> tuple[Path, ...]:
    """Write flips.csv into a folder.

    Raises:
        RecordError: It cannot be written.
    """
    return write_files(out, {"flips.csv": csv_bytes(Columns.of_frame(frame))})


def _variants(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    sizes = frame["set_size"].astype("string").fillna("")
    names = [
        f"{mode} ({size})" if size else mode
        for mode, size in zip(frame["mode"], sizes, strict=True)
    ]
    variant = pd.Series(names, index=frame.index)
    return {name: frame[variant == name].set_index("perturbation") for name in dict.fromkeys(names)}


def _table(frame: pd.DataFrame, column: str, scale: float, benchmark: Sequence[str]) -> str:
    variants = _variants(frame)
    names = list(dict.fromkeys(frame["perturbation"]))
    rows = [
        (name, *(_number(scale * rows[column].get(name, np.nan)) for rows in variants.values()))
        for name in names
    ]
    means = [
        scale * float(np.mean([rows[column].get(name, np.nan) for name in benchmark]))
        for rows in variants.values()
    ]
    rows.append((MEAN, *map(_number, means)))
    return to_text(Grid(("perturbation", *variants), tuple(rows)), width=100)


def _number(value: float) -> str:
    return MISSING if np.isnan(value) else fixed(value, 2)


def _ratios(
    frame: pd.DataFrame, column: str, of: Mapping[str, float], benchmark: Sequence[str]
) -> str:
    said = []
    for variant, rows in _variants(frame).items():
        values = [rows[column].get(perturbation, np.nan) for perturbation in benchmark]
        baseline = [of.get(perturbation, np.nan) for perturbation in benchmark]
        ratio = 100 * mean_ratio(np.array(values, dtype=float), np.array(baseline))
        said.append(f"{variant} {_number(ratio)}")
    return ", ".join(said)
