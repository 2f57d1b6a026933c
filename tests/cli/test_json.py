"""`--json`: one object on stdout and nothing else, with the values of the CSV files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustbench_ln.modes import MODES
from robustbench_ln.reports.json_results import json_text
from tests.cli.conftest import Lab, Outcome
from tests.cli.test_mce import standard_csv
from tests.reports.synthetic_runs import agn, make_record, noise_run, write_run

LnBench = Callable[..., Outcome]
NASTY = '<b> "quoted" \\ \x1b[31m \u202e =1+1'


def parsed(outcome: Outcome) -> dict[str, Any]:
    """The object on stdout, which is strict JSON in ASCII without control characters."""
    assert outcome.code == 0, outcome.err
    assert outcome.out.isascii()
    assert all(letter == "\n" or letter.isprintable() for letter in outcome.out)

    def refuse(text: str) -> None:
        raise AssertionError(text)

    found: dict[str, Any] = json.loads(outcome.out, parse_constant=refuse)
    assert next(iter(found)) == "schema"
    assert found["schema"] == 1
    return found


def same(rows: list[dict[str, Any]], csv: Path) -> None:
    """Compare rows with a CSV file, in which "" and null are alike."""
    frame = pd.read_csv(csv)
    assert [*rows[0]] == [*frame.columns]
    assert len(rows) == len(frame)
    for row, line in zip(rows, frame.to_dict("records"), strict=True):
        for name, value in line.items():
            known = row[str(name)]
            if isinstance(value, float) and math.isnan(value):
                assert known in (None, "")
            elif isinstance(known, float):
                assert known == pytest.approx(value)
            else:
                assert str(known) == str(value)


def test_report(tmp_path: Path, ln_bench: LnBench) -> None:
    runs = [noise_run(tmp_path / "a"), write_run(
        tmp_path / "b", [make_record("bn", correct=900), agn("bn", 0.5, 880)], label=NASTY
    )]  # fmt: skip
    folder = tmp_path / "out"
    command = ("report", *map(str, runs), "--out", str(folder), "--figures", "none")
    found = parsed(ln_bench(*command, "--json"))
    assert found["command"] == "report"
    assert [run["path"] for run in found["runs"]] == [str(run) for run in runs]
    assert found["runs"][0]["label"] == "resnet20"
    same(found["summary"], folder / "summary.csv")
    assert len(found["cells"]) == len(pd.read_csv(folder / "cells.csv"))
    assert found["cells"][0]["accuracy"] == pd.read_csv(folder / "cells.csv")["accuracy"][0]
    assert [*map(Path, found["files"])] == [folder / Path(name).name for name in found["files"]]
    (table,) = found["tables"]
    assert table["name"] == "agn_paper_clip"
    last = table["rows"][-1]
    assert (last["row"], last["variant"], last["accuracy"]) == ("1", "dbn-batch", 0.14)
    assert last["low"] < last["accuracy"] < last["high"]
    halves = [row for row in found["summary"] if row["quantity"].startswith("sigma")]
    assert "inf" in [row["value"] for row in halves]  # the second run's never halves


def test_compare(tmp_path: Path, lab: Lab, ln_bench: LnBench) -> None:
    assert ln_bench(*lab.command("--modes", "bn,dbn-single")).code == 0
    run, folder = lab.folder / "run", tmp_path / "c"
    found = parsed(
        ln_bench("compare", f"{run}:bn", f"{run}:dbn-single", "--out", str(folder), "--json")
    )
    same(found["cells"], folder / "comparison.csv")
    same(found["summary"], folder / "comparison_summary.csv")
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"]) == ("net bn", "net dbn-single")
    assert (pair["first_run"], pair["images"], pair["left_out"]) == (str(run), 50, 0)


def test_score(voting_lab: Lab, ln_bench: LnBench) -> None:
    assert ln_bench(*voting_lab.command("--modes", "ln-voting")).code == 0
    run = voting_lab.folder / "run"
    found = parsed(ln_bench("score", str(run), "--json"))
    same(found["rows"], run / "report" / "score.csv")


def test_mce(tmp_path: Path, ln_bench: LnBench) -> None:
    table = standard_csv(tmp_path)
    words = ("mce", str(table), "--percent", "--baseline", "wrn-40-2", "--out", str(tmp_path / "m"))
    found = parsed(ln_bench(*words, "--json"))
    same(found["rows"], tmp_path / "m" / "mce.csv")
    assert (found["name"], found["baseline"]) == ("standard.csv", "wrn-40-2")
    assert found["doubts"] == []


def test_inspect(lab: Lab, ln_bench: LnBench) -> None:
    words = ("inspect", f"{lab.folder}/net.pt", "--model", f"{lab.folder}/net.py:network")
    found = parsed(ln_bench(*words, "--image-size", "12", "--normalize", "none", "--json"))
    assert [layer["name"] for layer in found["layers"]] == ["1", "4"]
    assert found["layers"][0]["layouts"] == {
        "running": "running", "sets": "dynamic", "image": "dynamic", "rot90": "dynamic",
    }  # fmt: skip
    assert found["modes"].keys() == MODES.keys()
    assert found["modes"]["bn"] is None
    assert "LocalNorm" in found["modes"]["ln-voting"]
    assert {check["status"] for check in found["checks"]} <= {
        "passed", "note", "warning", "not applicable",
    }  # fmt: skip


def test_list(ln_bench: LnBench) -> None:
    found = parsed(ln_bench("list", "corruptions", "--json"))
    fog = next(entry for entry in found["entries"] if entry["name"] == "fog")
    assert fog["text"] == "weather"
    assert fog["details"][0].startswith("cifar10-c: ")
    assert found["what"] == "corruptions"
    assert [entry["name"] for entry in parsed(ln_bench("list", "modes", "--json"))["entries"]] == [
        *MODES
    ]
    assert parsed(ln_bench("list", "--json"))["what"] is None


def test_an_error_prints_no_object(refuses: Callable[..., str], tmp_path: Path) -> None:
    assert "no cells.jsonl" in refuses("report", str(tmp_path / "none"), "--json")
    assert "mode" in refuses("list", "moods", "--json")


def test_what_json_does_not_know_becomes_null_or_text() -> None:
    values = {"a": [np.nan, np.inf, -np.inf, pd.NA, np.int64(3), np.bool_(True)], "b": Path("x")}
    assert json.loads(json_text("any", values)) == {
        "schema": 1, "command": "any", "a": [None, "inf", "-inf", None, 3, True], "b": "x",
    }  # fmt: skip
