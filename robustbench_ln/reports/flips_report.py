"""Flip probabilities and top-5 distances as a table, a CSV file, and relative to another network.

A mean over perturbations is given only where all ten of the benchmark were measured. Relative to
another network, AlexNet for ImageNet-P, it is a mean of ratios, one for each perturbation: mFR and
mT5D.

Source: Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions
    and Perturbations", section 4.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.metrics.flips import (
    MOST_DISTANCE,
    mean_estimate,
    mean_ratio,
    units_of_sequences,
)
from robustbench_ln.metrics.intervals import Estimate
from robustbench_ln.metrics.units import Units
from robustbench_ln.reports.grids import Grid, to_text
from robustbench_ln.reports.numbers import estimate_text, fixed
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.stability import Stability
from robustbench_ln.runs.variants import Naming, mode_title
from robustbench_ln.texts.safe import one_line

__all__ = ["Baseline", "describe_flips", "flips_frame", "read_baseline", "write_flips"]

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


def flips_frame(rows: Sequence[Stability]) -> pd.DataFrame:
    """Return flips.csv: a line for each perturbation and mode, with 95 % intervals."""
    lines = []
    for row in rows:
        units = units_of_sequences(len(row.flips), [row.frame_sharing])
        flips, distances = mean_estimate(row.flip_shares, units), row.mean_distances
        distance = (
            None if distances is None else mean_estimate(distances, units, most=MOST_DISTANCE)
        )
        lines.append(
            {
                "perturbation": row.perturbation,
                "mode": row.mode,
                "set_size": row.set_size,
                "sharing": row.sharing,
                "sequences": len(row.flips),
                **_columns("flip_probability", "flip", flips),
                **_columns("top5_distance", "top5", distance),
            }
        )
    frame = pd.DataFrame(lines).astype({"set_size": "Int64"})
    return frame.astype(dict.fromkeys(frame.columns[5:], "float64"))


def describe_flips(
    rows: Sequence[Stability],
    benchmark: Sequence[str],
    baseline: Baseline | None = None,
    names: Naming = "papers",
) -> str:
    """Return the tables of a terminal, with 95 % intervals.

    Args:
        rows: What was measured.
        benchmark: The perturbations that a mean is over.
        baseline: Another network; None gives no ratios.
        names: What to call the modes.
    """
    variants = _variants(rows, names)
    parts = ["Flip probability, %", _table(variants, _FLIPS, benchmark)]
    if any(row.distances is not None for row in rows):
        parts += ["\nTop-5 distance, 0 to 15", _table(variants, _DISTANCES, benchmark)]
    if baseline is not None:
        for name, measure, of in (
            ("mFR", _FLIPS, baseline.flips),
            ("mT5D", _DISTANCES, baseline.distances),
        ):
            said = _ratios(variants, measure, of, benchmark)
            parts.append(f"{name}, % of {one_line(baseline.name)}: {said}")
    return "\n".join(parts).rstrip("\n")


def write_flips(rows: Sequence[Stability], out: Path) -> tuple[Path, ...]:
    """Write flips.csv into a folder.

    Raises:
        RecordError: It cannot be written.
    """
    return write_files(out, {"flips.csv": csv_bytes(Columns.of_frame(flips_frame(rows)))})


class _Measure(NamedTuple):
    """One of the two numbers.

    Attributes:
        values: Function of a row that returns the number of each sequence; None where it has none.
        most: Largest value.
        shown: What tables show of the value 1.
    """

    values: Callable[[Stability], NDArray[np.float64] | None]
    most: int
    shown: int


_FLIPS = _Measure(lambda row: row.flip_shares, 1, 100)
_DISTANCES = _Measure(lambda row: row.mean_distances, MOST_DISTANCE, 1)

_Variants = Mapping[str, Mapping[str, Stability]]
"""Mode with its size of sets -> perturbation -> row."""

_NOTHING = Estimate(math.nan, None)


def _columns(name: str, short: str, estimate: Estimate | None) -> dict[str, float | None]:
    if estimate is None:
        return {name: None, f"{short}_low": None, f"{short}_high": None}
    low, high = estimate.interval or (None, None)
    return {name: estimate.value, f"{short}_low": low, f"{short}_high": high}


def _variants(rows: Sequence[Stability], names: Naming) -> _Variants:
    found: dict[str, dict[str, Stability]] = {}
    for row in rows:
        found.setdefault(_name(row, names), {})[row.perturbation] = row
    return found


def _name(row: Stability, names: Naming) -> str:
    if row.set_size is None or row.set_size == 1:
        return mode_title(row.mode, names)
    what = "windows" if row.sharing == "sliding" else "sets"
    return mode_title(f"{row.mode} ({what} of {row.set_size})", names)


def _table(variants: _Variants, measure: _Measure, benchmark: Sequence[str]) -> str:
    names = list(dict.fromkeys(name for of_mode in variants.values() for name in of_mode))
    lines = [
        (said, *(_text(_mean(of_mode, measure, over), measure) for of_mode in variants.values()))
        for said, over in [*((name, [name]) for name in names), (MEAN, benchmark)]
    ]
    return to_text(Grid(("perturbation", *variants), tuple(lines)), width=100)


def _text(estimate: Estimate, measure: _Measure) -> str:
    return estimate_text(estimate, lambda value: fixed(measure.shown * value, 2))


def _mean(of_mode: Mapping[str, Stability], measure: _Measure, names: Sequence[str]) -> Estimate:
    """Return the mean over perturbations of the mean over sequences; NaN where one is missing."""
    found = _values(of_mode, measure, names)
    if found is None:
        return _NOTHING
    values, units = found
    if units is None:
        return Estimate(float(np.mean([value.mean() for value in values])), None)
    return mean_estimate(np.mean(values, axis=0), units, most=measure.most)


def _values(
    of_mode: Mapping[str, Stability], measure: _Measure, names: Sequence[str]
) -> tuple[list[NDArray[np.float64]], Units | None] | None:
    """Return the values of each perturbation, and units; None where one was not measured.

    Sequence i of each perturbation is of the same image, as published. Where numbers of sequences
    differ, nobody knows which belong together: there are no units.
    """
    rows = [of_mode[name] for name in names if name in of_mode]
    values = [value for row in rows if (value := measure.values(row)) is not None]
    if len(values) < len(names):
        return None
    is_paired = len({*map(len, values)}) == 1
    units = units_of_sequences(len(values[0]), [row.frame_sharing for row in rows])
    return values, units if is_paired else None


def _ratios(
    variants: _Variants, measure: _Measure, of: Mapping[str, float], benchmark: Sequence[str]
) -> str:
    baseline = np.array([of.get(name, np.nan) for name in benchmark])
    ratios = {
        variant: _ratio(_values(of_mode, measure, benchmark), baseline)
        for variant, of_mode in variants.items()
    }
    return ", ".join(f"{variant} {_text(ratio, _FLIPS)}" for variant, ratio in ratios.items())


def _ratio(
    found: tuple[list[NDArray[np.float64]], Units | None] | None, baseline: NDArray[np.float64]
) -> Estimate:
    if found is None or np.isnan(baseline).any():
        return _NOTHING
    values, units = found
    if units is None:
        means = np.array([value.mean() for value in values])
        return Estimate(float(np.mean(means / baseline)), None)
    return mean_ratio(np.array(values), baseline, units)
