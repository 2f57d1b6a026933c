from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustbench_ln.errors import RecordError
from robustbench_ln.runs.records import Record, parse_record, read_records
from tests.reports.synthetic_runs import make_record

reals = st.none() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.none() | st.text(max_size=8)
counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    correct, total = draw(counts)
    return make_record(
        draw(st.text(max_size=8)),
        correct=correct,
        total=total,
        seed=draw(st.integers(0, 2**63 - 1)),
        limit=draw(st.none() | st.integers(1, 10**6)),
        severity=draw(st.floats(0, 1e6)),
        prior=draw(texts),
        convention=draw(texts),
        expected_correct=draw(reals),
        nll=draw(reals),
        running_layers=tuple(draw(st.lists(st.text(max_size=8), max_size=3))),
    )


@given(any_record())
def test_records_survive_writing_and_reading(record: Record) -> None:
    line = record.to_line()
    assert line.count("\n") == 1
    assert parse_record(line, "here") == record


def test_a_record_as_it_always_was(check_golden: Any) -> None:
    record = make_record("ln-voting", corruption="agn", severity=0.5, running_layers=("fc.norm",))
    check_golden("record.jsonl", record.to_line())


def test_a_line_that_was_being_written_is_left_out(tmp_path: Path) -> None:
    first, second = make_record("bn"), make_record("dbn-batch")
    lines = first.to_line() + second.to_line()
    (tmp_path / "cells.jsonl").write_text(lines[:-1])
    assert read_records(tmp_path) == [first]
    (tmp_path / "cells.jsonl").write_text(lines)
    assert read_records(tmp_path) == [first, second]


def changed(**fields: Any) -> str:
    return json.dumps(json.loads(make_record().to_line()) | fields)


def without(name: str) -> str:
    return json.dumps({k: v for k, v in json.loads(make_record().to_line()).items() if k != name})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: not a line of JSON"),
        ("[]", r"line 1: not a row of ln-bench \(no 'schema'\)"),
        (without("schema"), r"line 1: not a row of ln-bench \(no 'schema'\)"),
        (changed(schema=2), "line 1: schema 2 is newer than 1; update robustbench_ln"),
        (changed(colour=1, shape=2), "line 1: unknown fields colour, shape"),
        (without("correct"), "line 1: missing fields correct"),
        (changed(correct="9"), "line 1: 'correct' is '9'; expected int"),
        (changed(correct=None), "line 1: 'correct' is None; expected int"),
        (changed(gain="high"), r"line 1: 'gain' is 'high'; expected float \| None"),
        (changed(running_layers="fc"), "line 1: 'running_layers' is 'fc'; expected tuple"),
        (changed(correct=1001), "line 1: bn under clean 0: 1001 correct of 1000 images"),
        (changed(correct=0, total=0), "bn under clean 0: 0 correct of 0 images"),
        (changed(psnr=float("inf")), "bn under clean 0: 'psnr' is inf"),
    ],
)
def test_lines_that_are_no_rows_are_refused(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "cells.jsonl").write_text(line + "\n")
    with pytest.raises(RecordError, match=message):
        read_records(tmp_path)


def test_optional_fields_may_be_missing() -> None:
    for name in ("psnr", "nll", "running_layers"):
        assert parse_record(without(name), "here") == make_record()


def test_rows_with_the_same_key_are_the_same_measurement() -> None:
    record = make_record(correct=900)
    assert make_record(correct=1, seconds=9.0, ties=3).key == record.key
    assert make_record(correct=900, limit=1000).key != record.key
    assert make_record(correct=900, prior="16").key != record.key
    assert make_record(correct=900, total=999).key != record.key
