"""Blocks of docs/results/ made from runs and the files of `ln-bench report` and `compare`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from reproduction.trainings import training_grid
from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.verdicts import verdict
from robustbench_ln.modes import MODES
from robustbench_ln.reports.captions import caption
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.reports.numbers import estimate_text, fixed, percent, signed_percent
from robustbench_ln.reports.table_grids import accuracy_grid
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.variants import mode_title

__all__ = ["RESULT_BLOCKS", "commands_of", "forward_passes"]

RESULTS = Path(__file__).parent / "records"


def commands_of(run: Path) -> list[str]:
    """The command lines that made a run."""
    commands: list[str] = json.loads((run / "run.json").read_text())["commands"]
    return commands


def corruptions_table(names: str) -> str:
    """Accuracy under each corruption of some runs in reproduction/records/."""
    runs = [RESULTS / name for name in names.split()]
    parts = ["".join(f"    {command}\n" for run in runs for command in commands_of(run))]
    for table in read_tables(runs):
        parts.append(f"**{table.family.headline}**\n\n{to_markdown(accuracy_grid(table))}")
        parts.append(f"{caption(table)}\n")
    return "\n".join(parts)


def summary_table(name: str) -> str:
    """What modes come down to: a summary.csv of `ln-bench report` in reproduction/records/."""
    lines = _read_rows(RESULTS / name / "summary.csv")
    parts = []
    for table in dict.fromkeys(line["table"] for line in lines):
        of_table = [line for line in lines if line["table"] == table]
        quantities = list(dict.fromkeys(line["quantity"] for line in of_table))
        found: dict[str, dict[str, dict[str, str]]] = {}
        for line in of_table:
            name_of_row = f"{line['label']} {mode_title(line['variant'])}"
            found.setdefault(name_of_row, {})[line["quantity"]] = line
        rows = [
            (row, *(_cell(cells.get(q), q) for q in quantities), _units(cells))
            for row, cells in found.items()
        ]
        header = ("", *(q if "sigma at" in q else f"{q} %" for q in quantities), "units")
        parts.append(to_markdown(Grid(header, tuple(rows))))
    return "\n".join(parts)


def _cell(line: Mapping[str, str] | None, quantity: str) -> str:
    if line is None:
        return "-"
    is_sigma = "sigma at" in quantity
    show = partial(fixed, decimals=2) if is_sigma else percent
    return estimate_text(_estimate(line, "value"), show)


def _units(cells: Mapping[str, Mapping[str, str]]) -> str:
    return next(iter(cells.values()))["units"] or "-"


def verdicts_table(names: str) -> str:
    """Where one side is ahead: comparison_summary.csv files of `ln-bench compare`, side by side."""
    columns: dict[str, dict[str, Mapping[str, str]]] = {}
    for name in names.split():
        summary = _read_rows(RESULTS / name / "comparison_summary.csv")
        cells = _read_rows(RESULTS / name / "comparison.csv")
        (clean,) = (cell for cell in cells if cell["corruption"] == "clean")
        pooled = {
            row["quantity"].removeprefix("difference, "): row
            for row in summary
            if row["quantity"].startswith("difference, ")
        }
        head = f"{clean['first']} - {clean['second']}"
        columns[head] = {"clean": clean | {"value": clean["difference"]}, **pooled}
    names_of_rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    rows = [
        (
            row,
            *(_verdict_text(column[row]) if row in column else "-" for column in columns.values()),
        )
        for row in names_of_rows
    ]
    counts = [_count(head, column) for head, column in columns.items()]
    return to_markdown(Grid(("", *columns), tuple(rows))) + "\n" + " ".join(counts) + "\n"


def _read_rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


_WORDS = {"ahead": "wins", "behind": "loses", "undecided": "ties"}


def _estimate(row: Mapping[str, str], name: str) -> Estimate:
    interval = Interval(float(row["low"]), float(row["high"])) if row["low"] else None
    return Estimate(float(row[name]), interval)


def _word(row: Mapping[str, str]) -> str:
    """Whether A wins; "" where there is no interval."""
    interval = _estimate(row, "value").interval
    return _WORDS[verdict(interval, int(row["units"]))] if interval else ""


def _verdict_text(row: Mapping[str, str]) -> str:
    return f"{_word(row)} {estimate_text(_estimate(row, 'value'), signed_percent)}".strip()


def _count(head: str, column: Mapping[str, Mapping[str, str]]) -> str:
    rows = [row for name, row in column.items() if name != "clean" and not name.startswith("mean")]
    words = [_word(row) for row in rows]
    if not any(words):
        return f"{head}: no intervals, for the predictions were not kept."
    counts = ", ".join(f"{word} {words.count(word)}" for word in ("wins", "ties", "loses"))
    return f"{head}: {counts} of {len(rows)} corruptions ({rows[0]['units']} units)."


def seeds_table(names: str) -> str:
    """Accuracy of networks that were trained with several seeds: runs NAME_0, NAME_1, ..."""
    runs = {name: trainings_of(name) for name in names.split()}
    tables = read_tables([run for found in runs.values() for run in found])
    parts = [f"**{table.family.headline}**\n\n{to_markdown(_with_cost(table))}" for table in tables]
    commands = [line for found in runs.values() for line in commands_of(found[0])]
    number = max(map(len, runs.values()))
    said = "Accuracy of one training, in %:"
    if number > 1:
        said = f"and the same for the other seeds. Mean ± SD over {number} trainings, in %:"
    return f"{details(commands)}\n{said}\n\n" + "\n".join(parts)


def _with_cost(table: Table) -> Grid:
    """The grid of a table, and what each mode costs."""
    grid = training_grid(table)
    groups = {
        f"{mode.run.label.rsplit('-', 1)[0]} {mode.title}": (record.mode, str(record.num_groups))
        for mode in table.modes
        for record in table.records_of(mode)
    }
    costs = (forward_passes(*groups[head]) for head in grid.header[1:])
    return replace(grid, rows=(*grid.rows, ("forward passes", *costs)))


def forward_passes(mode: str, num_groups: str) -> str:
    """How often an image, or one of its rotations, goes through the network: "4 G"."""
    rotations = "4" if MODES[mode].layout == "rot90" else ""
    votes = num_groups if MODES[mode].reduction == "vote" else ""
    if rotations and votes.isdecimal():
        return str(4 * int(votes))
    return f"{rotations} {votes}".strip() or "1"


def trainings_of(name: str) -> list[Path]:
    """The runs of a network's trainings, by seed."""
    return sorted(RESULTS.glob(f"{name}_[0-9]"))


def details(commands: list[str]) -> str:
    """Commands, folded where they are many."""
    shown = "".join(f"    {line}\n" for line in commands)
    if len(commands) < 4:
        return shown
    return f"<details><summary>{len(commands)} commands</summary>\n\n{shown}\n</details>\n"


RESULT_BLOCKS: dict[str, Callable[[str], str]] = {
    "corruptions_accuracy": corruptions_table,
    "summary": summary_table,
    "verdicts": verdicts_table,
    "seeds": seeds_table,
}
