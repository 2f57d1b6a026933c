"""Shards of a run, put together, say what one process says: the same report, byte for byte."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.runs.description import read_description
from robustbench_ln.runs.results import read_results
from robustbench_ln.spec import CLEAN
from tests.evaluation.small_runs import make_images, make_spec, make_subject


def measure(out: Path, number: int = 1, count: int = 1, **changes):
    usual = {"modes": ("bn", "dbn-batch"), "repeats": 2, "shard": (number, count)}
    spec = make_spec(**(usual | changes))
    command = f"ln-bench evaluate --out {out.name} --shard {number}/{count}"
    return evaluate(make_subject(command=command), make_images(), spec, out=out)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a report, without the two things in which runs may differ."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    rows = list(csv.reader(io.StringIO(found["cells.csv"].decode())))
    left_out = rows[0].index("seconds")
    found["cells.csv"] = repr([row[:left_out] + row[left_out + 1 :] for row in rows]).encode()
    return {
        name: re.sub(rb"(?m)^(% |<pre.*><code>)?ln-bench evaluate .*\n", b"", text)
        for name, text in found.items()
    }


@pytest.mark.parametrize("count", [2, 3])
def test_the_report_of_merged_shards_is_that_of_one_process(tmp_path: Path, count: int) -> None:
    conditions = (CLEAN, *noise_conditions(["agn", "apn"], sigmas=[0.5, 1.0])[1:])
    whole = measure(tmp_path / "whole", conditions=conditions)
    for number in range(1, count + 1):
        rows = measure(tmp_path / "run" / str(number), number, count, conditions=conditions)
        assert len(rows) == 2 * 2 * (1 + len(conditions[1:][number - 1 :: count]))
    reports = []
    for name in ("whole", "run"):
        modes = read_results([tmp_path / name])
        write_report(modes, tmp_path / f"{name}-report", ReportSettings(figures=("none",)))
        reports.append(contents(tmp_path / f"{name}-report"))
        assert len(modes[0].run.records) == len(whole) == 2 * 2 * 5
    assert reports[0] == reports[1]
    assert {"cells.csv", "report.md", "accuracy_small_agn_paper_clip.tex"} <= reports[0].keys()


def test_run_json_says_which_shard_of_what_it_is(tmp_path: Path) -> None:
    for number in (1, 2):
        measure(tmp_path / str(number), number, 2)
    first, second = (read_description(tmp_path / name) for name in "12")
    assert (first.shard, second.shard) == ("1/2", "2/2")
    assert first.shard_of == second.shard_of is not None
    measure(tmp_path / "whole")
    assert read_description(tmp_path / "whole").shard is None


@pytest.mark.parametrize(
    "changes",
    [
        {"repeats": 1},
        {"modes": ("bn",)},
        {"stat_batch": 4},
        {"conditions": noise_conditions(["agn"], sigmas=[0.5, 0.7])},
        {"conditions": noise_conditions(["mbn", "agn"], sigmas=[0.0, 0.5])},
    ],
    ids=str,
)
def test_shards_of_other_cells_do_not_make_a_run(tmp_path: Path, changes: dict) -> None:
    measure(tmp_path / "run/1", 1, 2)
    measure(tmp_path / "run/2", 2, 2, **changes)
    with pytest.raises(RecordError, match="other conditions, modes, statistics or repeats"):
        read_results([tmp_path / "run"])
    with pytest.raises(RecordError, match="1 holds shard 1/2 of a run with other conditions, mode"):
        measure(tmp_path / "run/1", 1, 2, **changes)


def test_a_directory_keeps_its_shard(tmp_path: Path) -> None:
    rows = measure(tmp_path / "one", 1, 2)
    assert len(measure(tmp_path / "one", 1, 2)) == len(rows)
    for number, count, words in ((2, 2, "shard 2/2"), (1, 1, "a whole run")):
        with pytest.raises(RecordError, match=f"one holds shard 1/2, not {words}; give out= a new"):
            measure(tmp_path / "one", number, count)
    measure(tmp_path / "whole")
    with pytest.raises(RecordError, match="whole holds a whole run, not shard 1/2; give out="):
        measure(tmp_path / "whole", 1, 2)


def test_a_shard_without_a_condition_is_refused(tmp_path: Path) -> None:
    words = "shard='3/3': the run has 2 conditions beside the clean images; give at most as many"
    with pytest.raises(SpecError, match=words):
        measure(tmp_path / "run", 3, 3)
    with pytest.raises(SpecError, match="the run has 0 conditions beside the clean images"):
        measure(tmp_path / "run", 1, 2, conditions=(CLEAN,))
    with pytest.raises(SpecError, match="shard='3/2': expected i/n"):
        measure(tmp_path / "run", 3, 2)
    assert not (tmp_path / "run").exists()


def test_a_killed_shard_goes_on(tmp_path: Path) -> None:
    measure(tmp_path / "run/1", 1, 2)
    rows = measure(tmp_path / "run/2", 2, 2)
    cells = tmp_path / "run/2/cells.jsonl"
    cells.write_bytes(b"".join(cells.read_bytes().splitlines(keepends=True)[:3]))
    again = measure(tmp_path / "run/2", 2, 2)
    assert [row.key for row in again] == [row.key for row in rows]
