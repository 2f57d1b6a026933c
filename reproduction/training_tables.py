"""What trainings come to, as tables of docs/results/: means, spread of groups, default classes."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from statistics import fmean, pstdev, stdev

from reproduction.comparisons import (
    RESULTS,
    Comparison,
    interval_over,
    judge,
    paired_difference,
    values_of,
)
from reproduction.trainings import Trainings
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.runs.variants import mode_title

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


def against_table(words: str) -> str:
    """Each network of a group minus the one named first, in the same mode, with intervals."""
    base, _, group = words.partition(" ")
    tables = values_of(group)
    lines = sorted({line for rows in tables.values() for line in rows["0"]}, key=_by_number)
    places = {"clean": (next(iter(tables)), "0")}
    places |= {name.split("_")[0]: (name, "noisy") for name in tables}
    rows = []
    for line in lines:
        if line.network != base and not line.variant.startswith("dbn-single"):
            compared = Comparison(group, line, Trainings(base, line.variant), words)
            found = (
                paired_difference(compared._replace(tables=table, rows=row))
                for table, row in places.values()
            )
            rows.append((f"{line.network} {mode_title(line.variant)}", *map(str, found)))
    return to_markdown(Grid(("", *places), tuple(rows)))


def _by_number(line: Trainings) -> tuple[object, ...]:
    """Sort BN before LN and G=5 before G=10."""
    numbers = [int(part) for part in re.findall(r"\d+", line.network)]
    return (re.sub(r"\d+", "", line.network), numbers, line.variant)


def _mean_sd(accuracies: dict[int, float]) -> str:
    percents = [100 * accuracy for accuracy in accuracies.values()]
    return f"{fmean(percents):.1f} ± {stdev(percents):.1f}"


TRAINING_BLOCKS = {
    "few_classes": few_classes_table,
    "spread": spread_table,
    "means": means_table,
    "against": against_table,
}
