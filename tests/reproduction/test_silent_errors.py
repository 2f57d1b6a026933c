"""The table of silent errors: every case is in it, and something is said of each now."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from reproduction.silent_error_cases import CASES, Case, make_inputs
from reproduction.silent_errors import RECORD, outcome_of, run_case

ROWS = json.loads(RECORD.read_text())["rows"]
SILENT = {"nothing is wrong", "semicolons, decimal commas", "tabs", "a mean over what is there",
          "a run with the clean cell alone beside another", "parts of one run"}  # fmt: skip
"""Cases that are right now, or show what they did not."""


def test_the_record_has_every_case() -> None:
    assert [(row["part"], row["case"]) for row in ROWS] == [(c.part, c.name) for c in CASES]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_what_was_silent_is_said_now(row: dict) -> None:
    if row["case"] in SILENT:
        assert row["now"].startswith("exit 0")
        assert (row["now"] == row["before"]) == (row["case"] == "nothing is wrong")
    else:
        assert any(word in row["now"] for word in ("Error: ", "Warning: ", "Note: "))


def test_an_outcome_is_code_numbers_and_the_line_that_matters(tmp_path: Path) -> None:
    cells = tmp_path / "run" / "cells.jsonl"
    cells.parent.mkdir()
    row = {"mode": "bn", "corruption": "clean", "correct": 91, "total": 100}
    cells.write_text(json.dumps(row) + "\n")
    done = subprocess.CompletedProcess([], 0, "a table\nbn  90.0\n", "Note: x\nWarning: y\nz\n")
    case = Case(part="A", name="x", steps=(), word="y")
    assert outcome_of(case, tmp_path, done) == "exit 0; bn 91.0 %; Warning: y"
    of_line = Case(part="A", name="x", steps=(), line="bn")
    assert outcome_of(of_line, tmp_path, done) == "exit 0; bn 90.0; Note: x"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["softmax as logits", "labels overwritten"])
def test_a_case_comes_out_again(shared_data: Path, tmp_path: Path, name: str) -> None:
    (case,) = [case for case in CASES if case.name == name]
    (row,) = [row for row in ROWS if row["case"] == name]
    make_inputs(tmp_path / "inputs", shared_data)
    code = Path(__file__).parents[2]
    assert run_case(case, tmp_path / "inputs", tmp_path / "work", code) == row["now"]
