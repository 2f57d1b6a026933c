"""The papers' claims, each as comparisons of trained networks, for docs/results/claims.md.

A comparison says that one network (or mode) is better than another by more than a threshold in
points of accuracy. Shown are the mean over the trainings, which are paired by seed, its 95 %
interval (Student's t), and in how many trainings it is so. Fewer than six decide nothing.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path
from statistics import fmean, pstdev, stdev
from typing import NamedTuple

from scipy import stats

from reproduction.trainings import Trainings, Values, training_values
from robustbench_ln.metrics.units import MIN_VERDICT_UNITS
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.runs.variants import mode_title

RESULTS = Path(__file__).parent / "records"
NUM_TRAININGS = 3

GROUPS = {
    "lossless": ("bn", "ln"),
    "jpeg": ("bn_jpeg", "ln_jpeg"),
    "jpeg noises": ("bn_jpeg_modes", "ln_jpeg_modes"),
    "cifar10-c": ("bn_c", "ln_c"),
    "cifar10-c, all modes": ("bn_c_modes", "ln_c_modes"),
    "mnist norms": ("mnist_norms/BN", "mnist_norms/LN", "mnist_norms/SN", "mnist_norms/GN"),
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


BN, DBN_128 = Trainings("BN", "bn"), Trainings("BN", "dbn-batch (sets of 128)")
DBN_16, DBN_10 = (Trainings("BN", f"dbn-batch (sets of {size})") for size in (16, 10))
LN, VOTING = Trainings("LN", "ln-batch"), Trainings("LN", "ln-voting")
SINGLE, ROT90 = Trainings("LN", "ln-single"), Trainings("LN", "ln-single-rot90")
DBN_ROT90 = Trainings("BN", "dbn-single-rot90")
SN, GN = Trainings("SN", "bn"), Trainings("GN", "plain")

LOSSLESS, JPEG = "CIFAR-10, 1,017 images", "CIFAR-10 as JPEG, 10,000 images"
NOISES, C15 = "six noises, mean over sigma", "CIFAR-10-C, mean of the 15"
JPEG_NOISES = "six noises, 2,000 images as JPEG"
C15_3 = "CIFAR-10-C, severity 3, mean of the 15"
MNIST = "MNIST, 1,000 digits"


def _noisy(network: str, share: str, variant: str) -> Trainings:
    return Trainings(f"{network}, {share}% noisy", variant)


def _groups(number: int) -> Trainings:
    return Trainings(f"G={number}", "ln-batch")


def _degraded(
    first: Trainings, second: Trainings, small: Trainings | None = None
) -> list[Comparison]:
    """Compare under the noises, under CIFAR-10-C, and on MNIST, there with `small` as second."""
    return [
        Comparison("lossless", first, second, NOISES),
        Comparison("jpeg noises", first, second, JPEG_NOISES),
        Comparison("cifar10-c", first, second, C15),
        Comparison("mnist norms", first, small or second, f"{MNIST}, agn-additive", "agn-add"),
    ]


def _single(first: Trainings, second: Trainings, points: float = 0) -> list[Comparison]:
    """Compare modes of single images under the noises and under CIFAR-10-C."""
    places = (
        ("lossless", NOISES), ("jpeg noises", JPEG_NOISES), ("cifar10-c, all modes", C15_3),
    )  # fmt: skip
    return [Comparison(group, first, second, words, points=points) for group, words in places]


def _clean(first: Trainings, second: Trainings, points: float) -> list[Comparison]:
    places = (
        ("lossless", "agn_paper", LOSSLESS), ("jpeg", "clean", JPEG),
        ("mnist norms", "agn_paper", MNIST),
    )  # fmt: skip
    return [
        Comparison(group, first, second, f"{words}, clean", tables, rows="0", points=points)
        for group, tables, words in places
    ]


CLAIMS: dict[tuple[str, str], list[Comparison]] = {
    ("dynamic statistics help under noise", "arXiv, figure 4b"): _degraded(DBN_128, BN),
    ("LocalNorm is more robust than BatchNorm", "ICANN, figures 6, 7"): _degraded(LN, BN),
    ("LocalNorm is more robust than Dynamic BatchNorm, sets of like size", "ICANN, figures 6, 7"):
        _degraded(LN, DBN_16, DBN_10),
    ("LocalNorm is more robust than Dynamic BatchNorm with sets of 128", "ICANN, figures 6, 7"):
        _degraded(LN, DBN_128),
    ("LocalNorm keeps clean accuracy: at most a point below", "ICANN, table 1"): _clean(LN, BN, -1),
    ("LocalNorm is more robust than SwitchNorm", "arXiv, figure 7"): [
        Comparison("mnist norms", LN, SN, f"{MNIST}, agn-additive", "agn-add"),
    ],
    ("LocalNorm is more robust than GroupNorm", "not compared"): [
        Comparison("mnist norms", LN, GN, f"{MNIST}, agn-additive", "agn-add"),
    ],
    ("voting is better than one group", "ICANN, table 1"): [
        *_clean(VOTING, LN, 0)[:2], *_degraded(VOTING, LN),
    ],
    ("ROT90 lifts LN-Single", "ICANN, figure 8"): [
        *_clean(ROT90, SINGLE, 0)[::2],
        *_single(ROT90, SINGLE),
    ],
    ("ROT90 lifts LN-Single to LN-Batch: at most a point below", "ICANN, figure 8"): [
        *_clean(ROT90, LN, -1)[::2],
        *_single(ROT90, LN, -1),
    ],
    ("with ROT90, LocalNorm is above Dynamic BatchNorm", "ICANN, figure 8"):
        _single(ROT90, DBN_ROT90),
    ("noise in half of the training images helps BatchNorm against that noise", "arXiv, figure 10"):
        [Comparison("mnist noise", _noisy("BN", "50", "bn"), _noisy("BN", "0", "bn"),
                    f"{MNIST}, agn-additive", "agn-add")],
    ("the same against other noises, which the papers deny", "arXiv, figure 10"): [
        Comparison("mnist noise", _noisy("BN", "50", "bn"), _noisy("BN", "0", "bn"),
                   f"{MNIST}, {noise}", noise)
        for noise in ("apn-add", "mbn")
    ],
    ("noise in half of the training images costs BatchNorm clean accuracy", "arXiv, section 5.4"): [
        Comparison("mnist noise", _noisy("BN", "0", "bn"), _noisy("BN", "50", "bn"),
                   f"{MNIST}, clean", rows="0"),
    ],
    ("LocalNorm trained without noise beats BatchNorm with it", "arXiv, section 5.4"): [
        Comparison("mnist noise", _noisy("LN", "0", "ln-batch"), _noisy("BN", "50", "bn"),
                   f"{MNIST}, {noise}", noise)
        for noise in ("agn-additive", "apn-add", "mbn")
    ],
    ("4 to 8 groups are best: 5 against", "arXiv, figure 11"): [
        Comparison("mnist groups", _groups(5), _groups(number), f"{number}; {MNIST}, all noises")
        for number in (1, 2, 10, 20)
    ],
    ("4 to 8 images a group are best: 5 against", "ICANN, section 5"): [
        Comparison("mnist groups", _groups(20), _groups(100 // size),
                   f"{size}; {MNIST}, all noises")
        for size in (2, 10, 50)  # 20 images are 5 groups, which are above
    ],
}  # fmt: skip
"""(claim, where the papers make it) -> what was measured of it."""


def claims_table(_: str) -> str:
    """Each claim with what was measured."""
    rows: list[tuple[str, ...]] = []
    for claim, comparisons in CLAIMS.items():
        for i, comparison in enumerate(comparisons):
            found = as_printed(paired_difference(comparison))
            said = judge(found, comparison.points / 100)
            rows.append((*(claim if i == 0 else ("", "")), comparison.words, str(found), said))
    header = ("claim", "in the papers", "on", "difference, points", "trainings that agree")
    return to_markdown(Grid(header, tuple(rows)))


FEW_CLASSES = RESULTS / "few_classes"


def few_classes_table(_: str) -> str:
    """How much a network defaults to one class: the share of the images that get it, by sigma."""
    shares: dict[str, dict[str, str]] = {}
    for file in sorted(FEW_CLASSES.glob("confusion_*.csv")):
        convention = "released" if "released" in file.name else "paper"
        with file.open() as lines:
            for row in csv.DictReader(lines):
                head = "clean" if row["sigma"] == "0" else f"{convention}, sigma {row['sigma']}"
                of_mode = shares.setdefault(f"{row['label']} {row['variant']}", {})
                of_mode[head] = f"{100 * float(row['most_predicted_share']):.1f}"
    heads = [*next(iter(shares.values()))]
    body = tuple((name, *(found[head] for head in heads)) for name, found in shares.items())
    return to_markdown(Grid(("", *heads), body))


SPREAD_RUNS = {
    "MNIST DNN, 10 epochs from scratch": "mnist_norms/LN_*/norms.csv",
    "ResNet-20, 3 epochs from a BatchNorm checkpoint": "trained/resnet20-local-*_norms.csv",
}


def spread_table(_: str) -> str:
    """How far the groups' gamma and beta went apart."""
    rows = []
    for words, name in SPREAD_RUNS.items():
        files = sorted(RESULTS.glob(name))
        for parameter in ("gamma", "beta"):
            spreads = [spread_of(file, parameter) for file in files]
            first, last = (fmean(values) for values in zip(*spreads, strict=True))
            growth = interval_over([after - before for before, after in spreads])
            numbers = tuple(f"{1000 * value:z.2f}" for value in (first, last))
            text = " ".join(f"{1000 * value:+z.2f}" for value in growth[:3])
            mean, low, high = text.split()
            rows.append((words, parameter, *numbers, f"{mean} [{low}, {high}]", judge(growth, 0)))
    header = ("", "", "after epoch 1", "after the last", "growth", "trainings that grow")
    return to_markdown(Grid(header, tuple(rows)))


def spread_of(file: Path, parameter: str) -> tuple[float, float]:
    """SD over groups of a layer's mean gamma or beta, mean over layers: first and last epoch."""
    layers: dict[tuple[int, str], list[float]] = {}
    with file.open() as lines:
        for row in csv.DictReader(lines):
            place = (int(row["epoch"]), row["layer"])
            layers.setdefault(place, []).append(float(row[f"{parameter}_mean"]))
    spreads: dict[int, list[float]] = {}
    for (epoch, _), means in layers.items():
        if len(means) > 1:  # a BatchNorm1d has no groups
            spreads.setdefault(epoch, []).append(pstdev(means))
    return fmean(spreads[min(spreads)]), fmean(spreads[max(spreads)])


def means_table(group: str) -> str:
    """Networks and modes of a group: clean accuracy, and its mean over the sigmas of each noise."""
    tables = values_of(group)
    lines = sorted({line for rows in tables.values() for line in rows["0"]}, key=_by_number)
    assert len({name.split("_")[0] for name in tables}) == len(tables), group
    columns = {"clean": dict(next(iter(tables.values()))["0"])}
    for name, rows in tables.items():
        noisy = [found for row, found in rows.items() if row != "0"]
        columns[name.split("_")[0]] = {
            line: {i: fmean(found[line][i] for found in noisy) for i in noisy[0][line]}
            for line in lines
        }
    body = tuple(
        (
            f"{line.network} {mode_title(line.variant)}",
            *(_mean_sd(found[line]) for found in columns.values()),
        )
        for line in lines
    )
    return to_markdown(Grid(("", *columns), body))


def _by_number(line: Trainings) -> tuple[object, ...]:
    """Sort BN before LN and G=5 before G=10."""
    numbers = [int(part) for part in re.findall(r"\d+", line.network)]
    return (re.sub(r"\d+", "", line.network), numbers, line.variant)


def _mean_sd(accuracies: dict[int, float]) -> str:
    percents = [100 * accuracy for accuracy in accuracies.values()]
    return f"{fmean(percents):.1f} ± {stdev(percents):.1f}"


CLAIM_BLOCKS = {
    "claims": claims_table,
    "few_classes": few_classes_table,
    "spread": spread_table,
    "means": means_table,
}
