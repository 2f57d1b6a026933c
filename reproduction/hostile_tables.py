"""Blocks of docs/hostile-files.md, from what `make fuzz` and `python -m tests.kills` counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from robustbench_ln.reports.grids import Grid, to_markdown

__all__ = ["HOSTILE_BLOCKS"]

RECORDS = Path(__file__).parent / "records"


def fuzz_table(_: str) -> str:
    """Cases of each area, and what came of them."""
    record = json.loads((RECORDS / "hostile_files.json").read_text())
    areas = record["areas"]
    names = ("cases", "refused", "done", "failed")
    rows = [(area, *(count.get(name, 0) for name in names)) for area, count in areas.items()]
    sums = ("all", *(sum(row[column] for row in rows) for column in range(1, 5)))
    seconds = max(count["milliseconds"] for count in areas.values()) / 1000
    memory = max(count["megabytes"] for count in areas.values()) / 1000
    table = to_markdown(
        Grid(("area", "cases", "refused", "done", "failed"),
             tuple((str(row[0]), *(f"{number:,}" for number in row[1:])) for row in [*rows, sums]))
    )  # fmt: skip
    return (
        f"`python -m tests.fuzz.campaign --minutes {record['minutes']:.0f} --seed {record['seed']}`"
        f"\n\n{table}\nThe slowest took {seconds:.0f} s on a busy machine of two cores; the most "
        f"memory of the process, with torch, was {memory:.2f} GB.\n"
    )


def kills_table(_: str) -> str:
    """Kills of each job, and the folders in the end."""
    record = json.loads((RECORDS / "kills.json").read_text())
    names = ("kills", "with a .part", "folders", "same")
    rows = [(job, *(count.get(name, 0) for name in names)) for job, count in record["jobs"].items()]
    sums = ("all", *(sum(row[column] for row in rows) for column in range(1, 5)))
    head = ("command", "kills", "in the midst of a file", "folders", "with the same bytes")
    table = to_markdown(Grid(head, tuple(tuple(map(str, row)) for row in [*rows, sums])))
    return f"`python -m tests.kills --kills {sums[1]} --seed {record['seed']}`\n\n{table}"


HOSTILE_BLOCKS: dict[str, Callable[[str], str]] = {"fuzz": fuzz_table, "kills": kills_table}
