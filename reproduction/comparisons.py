"""Comparisons of trained networks, paired by their trainings' seeds, with intervals.

A comparison says that one network (or mode) is better than another by more than a threshold in
points of accuracy: the mean over the trainings, its 95 % interval (Student's t), and in how many
trainings it is so. Fewer than six decide nothing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

from scipy import stats

from reproduction.trainings import Trainings, Values, training_values
from robustbench_ln.metrics.units import MIN_VERDICT_UNITS
from robustbench_ln.reports.families import read_tables

RESULTS = Path(__file__).parent / "records"
NUM_TRAININGS = 3

GROUPS = {
    "lossless": ("bn", "ln"),
    "jpeg": ("bn_jpeg", "ln_jpeg"),
    "jpeg noises": ("bn_jpeg_modes", "ln_jpeg_modes"),
    "cifar10-c": ("bn_c", "ln_c"),
    "cifar10-c, all modes": ("bn_c_modes", "ln_c_modes"),
    "mnist norms": ("mnist_norms/BN", "mnist_norms/LN", "mnist_norms/SN", "mnist_norms/GN"),
    "mnist deviations": (
        "mnist_norms/BN",
        *(f"mnist_deviations/{name}" for name in ("L1", "LInf", "Noisy", "Ghost")),
    ),
    "mnist noise": ("mnist_noise/BN_*_noisy", "mnist_noise/LN_*_noisy"),
    "mnist groups": ("mnist_groups/G_*",),
}
"""What is in one comparison -> names of runs in reproduction/records/, without "_SEED"."""


class Interval(NamedTuple):
    """A mean over trainings, with its 95 % interval.

    Attributes:
        mean: In shares of 1, as the others.
        low: Lower end.
        high: Upper end.
        trainings: What the mean is over.
    """

    mean: float
    low: float
    high: float
    trainings: tuple[float, ...]

    def __str__(self) -> str:
        """Return it in points."""
        return f"{100 * self.mean:+z.1f} [{100 * self.low:+z.1f}, {100 * self.high:+z.1f}]"


class Comparison(NamedTuple):
    """First is above second by more than `points` of accuracy.

    Attributes:
        group: Of `GROUPS`.
        first: Network and mode.
        second: Network and mode.
        words: What is compared, where.
        tables: In the names of the tables that count; "" is in all.
        rows: "noisy": every sigma above 0, or the mean of the 15; else one row's name.
        points: Threshold.
    """

    group: str
    first: Trainings
    second: Trainings
    words: str
    tables: str = ""
    rows: str = "noisy"
    points: float = 0.0


@cache
def values_of(group: str) -> dict[str, Values]:
    """Return table's name -> values of the runs of a group."""
    runs = [run for name in GROUPS[group] for run in sorted(RESULTS.glob(f"{name}_[0-9]"))]
    assert runs, f"no runs of {group} in {RESULTS}"
    return {table.name: training_values(table) for table in read_tables(runs)}


def paired_difference(comparison: Comparison) -> Interval:
    """Return first minus second: each training's mean over rows, then tables, then trainings."""
    differences: dict[int, list[float]] = {}
    for name, values in values_of(comparison.group).items():
        if comparison.tables not in name:
            continue
        rows = [values[row] for row in _rows_of(comparison, values)]
        first, second = ([row[side] for row in rows] for side in comparison[1:3])
        trainings = {training for row in (*first, *second) for training in row}
        assert all(row.keys() == trainings for row in (*first, *second)), comparison
        for training in trainings:
            found = [a[training] - b[training] for a, b in zip(first, second, strict=True)]
            differences.setdefault(training, []).append(fmean(found))
    assert len(differences) == NUM_TRAININGS, comparison
    assert len({len(found) for found in differences.values()}) == 1, comparison
    return interval_over([fmean(found) for found in differences.values()])


def _rows_of(comparison: Comparison, values: Values) -> list[str]:
    if comparison.rows != "noisy":
        return [comparison.rows]
    means = [row for row in values if row.startswith("mean of the 15")]
    return means or [row for row in values if row not in ("0", "clean")]


def interval_over(trainings: list[float]) -> Interval:
    """Return the mean with Student's t interval."""
    mean = fmean(trainings)
    number = len(trainings)
    half = float(stats.t.ppf(0.975, number - 1)) * stdev(trainings) / number**0.5
    return Interval(mean, mean - half, mean + half, tuple(trainings))


def as_printed(found: Interval) -> Interval:
    """Round to a tenth of a point: what is smaller decides nothing."""
    mean, low, high = (round(value, 3) for value in found[:3])
    return Interval(mean, low, high, tuple(round(value, 3) for value in found.trainings))


def judge(found: Interval, threshold: float) -> str:
    """Return in how many trainings something is above a threshold, and from six on the verdict."""
    above = sum(value > threshold for value in found.trainings)
    agreeing = f"{above} of {len(found.trainings)}"
    if len(found.trainings) < MIN_VERDICT_UNITS:
        return agreeing
    if found.low > threshold:
        return f"{agreeing}: holds"
    return f"{agreeing}: does not hold" if found.high < threshold else f"{agreeing}: undecided"
