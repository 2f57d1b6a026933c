"""Tables of docs/performance.md from raw records in benchmarks/results/."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robustbench_ln.reports.grids import Grid, to_markdown

__all__ = ["PERFORMANCE_BLOCKS"]

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"


def estimates_table(name: str) -> str:
    """Return what --dry-run estimated, and what the runs took."""
    if not (RESULTS / f"{name}.json").is_file():
        return "Not measured yet.\n"
    record = json.loads((RESULTS / f"{name}.json").read_text())
    rows = tuple(
        (
            f"{run['case']}: {run['images']:,} images, {run['conditions']} conditions",
            f"{run['workers']}",
            *_pair(run, "seconds", 1, 1),
            *_pair(run, "memory", 1e6, 0),
            *_pair(run, "disk", 1e3, 0),
        )
        for run in record["runs"]
    )
    header = ("", "workers", "s estimated", "s", "MB estimated", "MB", "kB estimated", "kB")
    about = f"`{record['command']}`: {_circumstances(record)}"
    return f"{about}\n\n{to_markdown(Grid(header, rows))}"


def _pair(run: Mapping[str, Any], field: str, unit: float, digits: int) -> tuple[str, str]:
    values = (run[side][field] / unit for side in ("estimated", "real"))
    estimated, real = (f"{value:,.{digits}f}" for value in values)
    return estimated, real


def shares_table(name: str) -> str:
    """Return the share that each part of an evaluation has of its CPU seconds."""
    if not (RESULTS / f"{name}.json").is_file():
        return "Not measured yet.\n"
    record = json.loads((RESULTS / f"{name}.json").read_text())
    runs = record["runs"]
    alone = {case: run["cores_1"] for case, run in runs.items()}
    parts = dict.fromkeys(part for run in alone.values() for part in run["parts"])
    rows = [
        (part, *(f"{100 * run['parts'].get(part, 0) / run['cpu']:.1f} %" for run in alone.values()))
        for part in sorted(parts, key=lambda part: part == "other Python")
    ]
    more = {
        "CPU seconds": lambda run: f"{run['cores_1']['cpu']:.1f}",
        "before it, CPU seconds": lambda run: f"{run['cores_1']['start']:.1f}",
        "in the kernel, page faults too": lambda run: (
            f"{100 * run['cores_1']['system'] / _total(run['cores_1']):.1f} %"
        ),
        "page faults, thousand": lambda run: f"{run['cores_1']['page_faults'] / 1e3:.0f}",
        "CPU seconds, two workers": lambda run: f"{run['cores_2']['cpu']:.1f}",
    }
    rows += [(name, *map(show, runs.values())) for name, show in more.items()]
    about = f"`{record['command']}`: {_circumstances(record)}"
    return f"{about}\n\n{to_markdown(Grid(('', *runs), tuple(rows)))}"


def _total(run: Mapping[str, Any]) -> float:
    return float(run["cpu"] + run["start"])


def _circumstances(record: Mapping[str, Any]) -> str:
    cores, load, torch = record["cores"], record["load"], record["versions"]["torch"]
    return f"{cores} cores, load {load:.1f}, torch {torch}"


PERFORMANCE_BLOCKS: Mapping[str, Callable[[str], str]] = {
    "estimates": estimates_table,
    "shares": shares_table,
}
