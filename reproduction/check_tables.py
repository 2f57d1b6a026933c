"""Blocks of docs/checks.md and docs/silent-errors.md, from records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reproduction.false_alarms import RECORD as ALARMS
from reproduction.false_alarms import alarms_of
from reproduction.silent_errors import RECORD as ERRORS
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.texts.safe import for_markdown

__all__ = ["CHECK_BLOCKS"]

COSTS = Path(__file__).parents[1] / "benchmarks" / "results" / "checks.json"


def false_alarms_table(_: str) -> str:
    """Every right network that the checks were tried on, and what they said."""
    record = json.loads(ALARMS.read_text())
    rows = tuple(
        (
            row["network"],
            f"{row['images']}, {row['size']} px",
            _accuracies(row["accuracy"]),
            str(_count(row, "passed")),
            str(_count(row, "not applicable")),
            str(len(alarms_of(row))),
        )
        for row in record["rows"]
    )
    header = ("network", "images", "clean accuracy in %", "passed", "not applicable", "alarms")
    return f"`{record['command']}`, torch {record['torch']}\n\n{to_markdown(Grid(header, rows))}"


def _accuracies(accuracy: dict[str, float]) -> str:
    shown = [mode for mode in ("bn", "plain", "dbn-batch", "ln-voting") if mode in accuracy]
    kept = [mode for mode in shown if mode != "plain" or "bn" not in accuracy]
    return ", ".join(f"{mode} {100 * accuracy[mode]:.1f}" for mode in kept)


def _count(row: dict[str, Any], status: str) -> int:
    return sum(check["status"] == status for part in _PARTS for check in row[part])


_PARTS = ("run", "bf16", "inspect")


def alarm_margins_table(_: str) -> str:
    """How near the right networks come to what a check warns of."""
    rows = json.loads(ALARMS.read_text())["rows"]
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        for part in _PARTS:
            for check in row[part]:
                for number, value in check["numbers"].items():
                    if (check["name"], number) in _MARGINS:
                        arithmetic = "bfloat16" if part == "bf16" else "float32"
                        found.setdefault((check["name"], number, arithmetic), []).append(value)
    grid = tuple(
        (f"`{name}`", number, arithmetic, f"{max(values):.2g}", _limit(name, number, arithmetic))
        for (name, number, arithmetic), values in sorted(found.items())
    )
    return to_markdown(
        Grid(("check", "number", "in", "largest seen", "alarm above"), grid), has_markup=True
    )


_MARGINS = {
    ("repeatability", "difference"): ("0.0001", "0.0001"),
    ("independence", "difference"): ("0.001", "0.05"),
    ("input_statistics", "divergence"): (
        "0.2, or 1 after few batches",
        "0.2, or 1 after few batches",
    ),
}


def _limit(name: str, number: str, arithmetic: str) -> str:
    return _MARGINS[name, number][arithmetic == "bfloat16"]


def checks_cost_table(_: str) -> str:
    """What the checks cost in a run of some networks."""
    record = json.loads(COSTS.read_text())
    rows = tuple(
        (
            row["network"],
            f"{row['images']}, {row['size']} px",
            f"{row['checks_cpu']:.3f}",
            f"{row['checks_wall']:.3f}",
            f"{row['run_cpu']:.1f}",
            f"{100 * row['checks_cpu'] / row['run_cpu']:.1f}",
        )
        for row in record["rows"]
    )
    header = ("network", "images", "CPU seconds", "wall seconds", "run, CPU seconds", "% of it")
    words = f"torch {record['torch']}, medians of {record['turns']} turns"
    return f"`{record['command']}`: {words}\n\n{to_markdown(Grid(header, rows))}"


def silent_errors_table(parts: str) -> str:
    """Cases of some parts of the list, before and now."""
    rows = tuple(
        (
            row["part"],
            for_markdown(row["case"]),
            f"`{row['command']}`",
            for_markdown(row["before"]),
            for_markdown(row["now"]),
        )
        for row in json.loads(ERRORS.read_text())["rows"]
        if row["part"] in parts.split()
    )
    return to_markdown(Grid(("", "case", "command", "before", "now"), rows), has_markup=True)


CHECK_BLOCKS: dict[str, Callable[[str], str]] = {
    "false_alarms": false_alarms_table,
    "alarm_margins": alarm_margins_table,
    "checks_cost": checks_cost_table,
    "silent_errors": silent_errors_table,
}
