"""tests/golden/schema_1 is a run that the last version with schema 1 made: it is read and goes on.

Two repeats of three modes of a LocalNorm network with two groups, under clean images, AGN and fog.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.errors import RecordError
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.files.schema import SCHEMA
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.runs.description import read_description
from robustbench_ln.runs.frame import read_frame
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.predictions import prediction_name, read_predictions
from robustbench_ln.runs.reading import read_runs
from robustbench_ln.runs.records import Record, read_records
from robustbench_ln.runs.results import read_results
from robustbench_ln.spec import Condition
from tests.evaluation.small_runs import make_images, make_spec, make_subject
from tests.norms.networks import settle, small_net

RUN = Path(__file__).parents[1] / "golden" / "schema_1"
MODES = ("ln-single", "ln-batch", "ln-voting")
CONDITIONS = (
    *noise_conditions(["agn"], sigmas=[0.0, 0.5]),
    Condition(corruption="fog", severity=3.0, severity_table="cifar10-c"),
)


def measure(out: Path, modes: tuple[str, ...] = MODES) -> list[Record]:
    """What made the golden run, with the version at hand."""
    subject = make_subject(
        settle(convert_batchnorm(small_net(), 2).model),
        checkpoint=replace(make_subject().checkpoint, num_groups=2),
        command=f"ln-bench evaluate small.pt --modes {','.join(modes)}",
    )
    spec = make_spec(conditions=CONDITIONS, modes=modes, repeats=2)
    return evaluate(subject, make_images(10), spec, out=out)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RUN, tmp_path / "run"))


def test_rows_are_read_with_their_schema() -> None:
    records = read_records(RUN)
    assert {record.schema for record in records} == {1}
    assert len({record.cell for record in records}) == len(records) == 18
    assert {record.seed for record in records} == {0, 1}
    about = read_description(RUN)
    assert (about.schema, about.checkpoint.num_groups, about.data.shape) == (1, 2, (8, 8, 3))
    assert about.checkpoint.norm_classes == ()


def test_tables_and_predictions_are_read() -> None:
    frame = read_frame([RUN])
    assert list(frame["mode"].unique()) == ["ln-single", "ln-batch", "ln-voting"]
    assert (frame["repeats"] == 2).all()
    modes = read_results([RUN])
    for mode in read_outcomes(modes):
        rows = [cell.record for cell in mode.cells.values()]
        assert mode.side(mode.cells).correct.sum(axis=-1).tolist() == [row.correct for row in rows]
    data = read_description(RUN).data
    for record in read_records(RUN):
        file = RUN / "predictions" / prediction_name(record.cell, 0)
        limits = {"num_images": data.num_images, "num_classes": data.num_classes}
        assert read_predictions(file, **limits).num_groups == record.num_groups


def test_a_finished_run_measures_nothing(run: Path) -> None:
    before = (run / "cells.jsonl").read_bytes()
    assert measure(run) == read_records(RUN)
    assert (run / "cells.jsonl").read_bytes() == before
    about = read_description(run)
    assert about.schema == 5
    assert about.commands[0] == "ln-bench evaluate small.pt --out schema_1"
    assert len(about.commands) == 2


def test_new_rows_stand_beside_the_old_ones(run: Path, tmp_path: Path) -> None:
    lines = (run / "cells.jsonl").read_bytes().splitlines(keepends=True)
    (run / "cells.jsonl").write_bytes(b"".join(lines[:7]) + lines[7][:50])
    records = measure(run, (*MODES, "ln-single-voting"))
    assert [record.schema for record in records] == [1] * 7 + [5] * 17
    old = {record.cell: record for record in read_records(RUN)}
    for record in records:
        if record.cell in old:
            expected = (old[record.cell].correct, old[record.cell].expected_correct)
            assert (record.correct, record.expected_correct) == expected
    assert len(read_frame([run])) == 12


def test_a_run_of_another_schema_is_refused(run: Path) -> None:
    content = json.loads((run / "run.json").read_text())
    for schema, message in ((6, "'schema' is 6, newer than 5"), (0, "'schema' is 0; expected")):
        (run / "run.json").write_text(json.dumps(content | {"schema": schema}))
        for command in (measure, lambda run: read_runs([run])):
            with pytest.raises(RecordError, match=rf"run\.json: {message}"):
                command(run)


def test_every_committed_run_is_read() -> None:
    """Runs of schema 3 made before it was whole lack `classes` and `code_sha256`."""
    records = Path(__file__).parents[2] / "reproduction" / "records"
    runs = {path.parent: read_runs([path.parent]) for path in records.rglob("cells.jsonl")}
    assert len(runs) > 90
    early = runs[records / "few_classes" / "bn"][0]
    assert {(record.schema, record.classes) for record in early.records} == {(3, None)}


def test_the_page_names_the_schema_that_is_written() -> None:
    page = (Path(__file__).parents[2] / "docs" / "records.md").read_text()
    assert f"writes schema {SCHEMA} and reads schemas 1 to {SCHEMA};" in page
