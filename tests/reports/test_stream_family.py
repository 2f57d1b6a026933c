"""A stream of several conditions has a table of its own, which claims nothing of corruptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.reports.families import family_of, read_tables
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.reports.stream_family import StreamFamily
from robustbench_ln.runs.results import read_results
from robustbench_ln.spec import Condition
from tests.reports.synthetic_runs import make_record, write_run


def stream_run(path: Path, order: str = "mixed", parts: str = "5-9aad4c9d8547") -> Path:
    fields = {"corruption": order, "order": order, "parts": parts}
    return write_run(path, [make_record("bn", correct=590, **fields)])


@pytest.mark.parametrize(
    ("order", "title"),
    [
        ("mixed", "7 conditions in one stream, mixed"),
        ("growing", "7 conditions in one stream, in the order of their severity"),
    ],
)
def test_a_stream_is_named_by_its_conditions(order: str, title: str) -> None:
    family = family_of(Condition(corruption=order, severity=0.0, parts="7-0123456789ab"))
    assert family == StreamFamily(f"{order}_0123456789ab", title)


def test_a_report_says_what_the_row_is_and_nothing_of_corruptions(tmp_path: Path) -> None:
    run = stream_run(tmp_path / "run")
    write_report(read_results([run]), tmp_path / "out", ReportSettings())
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| mixed  | 59.0 [55.9, 62.0] |" in text
    assert "under one of the conditions that the command names" in text
    assert "5 conditions in one stream, mixed; the command names them." in text
    for wrong in ("severit", "mean of the 15", "endrycks"):
        assert wrong not in text


def test_streams_of_other_conditions_have_other_tables(tmp_path: Path) -> None:
    runs = [
        stream_run(tmp_path / "a"),
        stream_run(tmp_path / "b", parts="5-000000000000"),
        stream_run(tmp_path / "c", order="growing"),
    ]
    names = [table.family.name for table in read_tables(runs, labels=["a", "b", "c"])]
    assert names == ["growing_9aad4c9d8547", "mixed_000000000000", "mixed_9aad4c9d8547"]
