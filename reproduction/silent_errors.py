"""Inputs that once gave a wrong number without a word, before and now.

    python -m reproduction.silent_errors --data DIR --before TREE

writes reproduction/records/silent_errors.json; docs/silent-errors.md has the table. DIR holds real
images and public checkpoints, TREE is a checkout of an earlier version. Every command is run with
either code in a folder of its own; what is kept is its exit code, the accuracy that its run has on
the clean images, and what it says that begins with Error, Warning or Note.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reproduction.silent_error_cases import CASES, Case, make_inputs

__all__ = ["RECORD", "outcome_of", "run_case"]

RECORD = Path(__file__).parent / "records" / "silent_errors.json"
MOST_LETTERS = 150


def run_case(case: Case, inputs: Path, folder: Path, code: Path) -> str:
    """Run the commands of a case with the package that lies in `code`; return what came of it."""
    shutil.copytree(inputs, folder)
    outcomes = []
    for step in case.steps:
        if callable(step):
            step(folder)
            continue
        environment = os.environ | {"PYTHONPATH": str(code), "COLUMNS": "300"}
        done = subprocess.run(
            [sys.executable, "-m", "robustbench_ln", *shlex.split(step)],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        outcomes.append(outcome_of(case, folder, done))
    shutil.rmtree(folder)
    return outcomes[-1]


def outcome_of(case: Case, folder: Path, done: subprocess.CompletedProcess[str]) -> str:
    """Return exit code, numbers and what was said, in a line."""
    said = [
        line for line in done.stderr.splitlines() if line.startswith(("Error", "Warning", "Note"))
    ]
    kept = [line for line in said if case.word in line] or said
    parts = [f"exit {done.returncode}", _number(case, folder, done.stdout)]
    parts += [_short(line) for line in kept[:1]]
    return "; ".join(filter(None, parts))


def _number(case: Case, folder: Path, printed: str) -> str:
    """Return the line of stdout that a case is about, or else the accuracies on clean images."""
    if case.line:
        lines = [" ".join(line.split()) for line in printed.splitlines()]
        return next((line for line in lines if re.match(case.line, line)), "")
    file = folder / "run" / "cells.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    clean = {row["mode"]: row for row in rows if row["corruption"] == "clean"}
    return ", ".join(f"{m} {100 * r['correct'] / r['total']:.1f} %" for m, r in clean.items())


def _short(line: str) -> str:
    return (
        line if len(line) <= MOST_LETTERS else line[: MOST_LETTERS - 4].rsplit(" ", 1)[0] + " ..."
    )


def _row(case: Case, data: Path, before: Path) -> dict[str, Any]:
    now = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs"
        make_inputs(inputs, data)
        outcomes = {
            when: run_case(case, inputs, Path(folder) / "work", code)
            for when, code in (("before", before), ("now", now))
        }
    commands = [step for step in case.steps if isinstance(step, str)]
    return {"part": case.part, "case": case.name, "command": commands[-1]} | outcomes


def main(words: Sequence[str] | None = None) -> int:
    """Run every case with both versions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="real images, public checkpoints")
    parser.add_argument(
        "--before", type=Path, required=True, help="checkout of the earlier version"
    )
    parser.add_argument("--only", default="", help="cases whose part or name has this in it")
    parser.add_argument("--record", type=Path, default=RECORD, help="where to write")
    asked = parser.parse_args(words)
    chosen = [case for case in CASES if asked.only in f"{case.part} {case.name}"]
    known = json.loads(asked.record.read_text())["rows"] if asked.record.is_file() else []
    rows = {(row["part"], row["case"]): row for row in known}
    for case in chosen:
        row = _row(case, asked.data.resolve(), asked.before.resolve())
        rows[case.part, case.name] = row
        print(json.dumps(row, indent=1), flush=True)
        about = {"command": "python -m reproduction.silent_errors"}
        in_order = [rows[key] for key in ((c.part, c.name) for c in CASES) if key in rows]
        lines = ",\n".join(map(json.dumps, in_order))
        asked.record.write_text(f'{json.dumps(about)[:-1]}, "rows": [\n{lines}\n]}}\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
