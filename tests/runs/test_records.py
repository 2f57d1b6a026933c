from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustbench_ln.errors import RecordError
from robustbench_ln.modes import MODES
from robustbench_ln.runs.records import Record, parse_record, read_records
from tests.reports.synthetic_runs import make_record

reals = st.none() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    correct, total = draw(counts)
    return make_record(
        draw(st.sampled_from(sorted(MODES))),
        correct=correct,
        total=total,
        seed=draw(st.integers(0, 2**63 - 1)),
        limit=draw(st.none() | st.integers(1, 10**6)),
        severity=draw(st.floats(0, 1e6)),
        prior=draw(st.none() | st.floats(0, exclude_min=True).map("{:g}".format)),
        convention=draw(st.sampled_from([None, "paper", "released"])),
        gain=draw(reals),
        nll=draw(reals),
        running_layers=tuple(draw(st.lists(texts, max_size=3))),
    )


@given(any_record())
def test_records_survive_writing_and_reading(record: Record) -> None:
    line = record.to_line()
    assert line.count("\n") == 1
    assert parse_record(line.encode(), "here") == record


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


def without(name: str, **fields: Any) -> str:
    row = json.loads(make_record().to_line()) | fields
    return json.dumps({key: value for key, value in row.items() if key != name})


IMAGES = "a whole number from 0 to 100,000,000"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON (Expecting property name enclosed in double quotes)"),
        ("\xff", "not JSON (not text in UTF-8)"),
        ("[" * 100_000, "not JSON of ln-bench (nested too deeply)"),
        ("9" * 5_000, "not JSON of ln-bench (a number is too long)"),
        ("[]", "[]; expected an object with named fields"),
        (without("schema"), "not of ln-bench (no 'schema')"),
        (changed(schema=True), "'schema' is True; expected 1 to 5"),
        (changed(schema="x"), "'schema' is 'x'; expected 1 to 5"),
        (changed(schema=6), "'schema' is 6, newer than 5; update robustbench_ln"),
        (changed(schema=0), "'schema' is 0; expected 1 to 5"),
        (changed(schema=-5), "'schema' is -5; expected 1 to 5"),
        (changed()[:-1] + ', "correct": 3}', "'correct' stands there twice; expected once"),
        (changed(colour=1, shape=2), "unknown fields colour, shape"),
        (changed(**{"\x1b[2J": 1}), r"unknown fields '\x1b[2J'"),
        (without("correct"), "missing fields correct"),
        (without("correct", schema=1), "missing fields correct"),
        (without("arithmetic"), "missing fields arithmetic"),
        (changed(correct="9"), f"'correct' is '9'; expected {IMAGES}"),
        (changed(correct=None), f"'correct' is None; expected {IMAGES}"),
        (changed(correct=True), f"'correct' is True; expected {IMAGES}"),
        (changed(correct=9.0), f"'correct' is 9.0; expected {IMAGES}"),
        (changed(total=10**30), "'total' is 1000000000000000000000000000000; expected a whole"),
        (changed(correct=-1), f"'correct' is -1; expected {IMAGES}"),
        (changed(limit=0), "'limit' is 0; expected a whole number from 1 to 100,000,000 or null"),
        (changed(seed=2**63), "'seed' is 9223372036854775808; expected a whole number from 0"),
        (changed(gain="high"), "'gain' is 'high'; expected a finite number or null"),
        (changed(psnr=float("inf")), "'psnr' is inf; expected a finite number or null"),
        (changed(nll=float("nan")), "'nll' is nan; expected a finite number or null"),
        (changed(gain=10**400), "'gain' is 1000000000000000000000000000...00000000"),
        (changed(ece=1.5), "'ece' is 1.5; expected a number from 0 to 1 or null"),
        (changed(severity=-1), "'severity' is -1; expected a finite number of at least 0"),
        (changed(mode="dbn"), "'mode' is 'dbn'; expected one of plain, bn, dbn-batch,"),
        (changed(order="random"), "'order' is 'random'; expected shuffled, as-is, by-class, mix"),
        (changed(prior="-1"), "'prior' is '-1'; expected a number of at least 0 as text or null"),
        (changed(corruption="../../x"), "'corruption' is '../../x'; expected a name without slash"),
        (changed(corruption="\ud800"), r"'corruption' is '\ud800'; expected a name"),
        (changed(running_layers="fc"), "'running_layers' is 'fc'; expected a list of 0 to 10,000"),
        (changed(running_layers=[["x"]]), "'running_layers' is (['x'],); expected a list of 0 to"),
        (changed(versions=[]), "'versions' is []; expected an object of at most 100 names, each"),
        (changed(versions={"torch": 2}), "'versions' is {'torch': 2}; expected an object"),
        (changed(correct=1001), "'correct' is 1001 in bn under clean 0; expected at most 'total',"),
        (changed(ties=1001), "'ties' is 1001 in bn under clean 0; expected at most 'total', 1000"),
    ],
)  # fmt: skip
def test_lines_that_are_no_rows_are_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "cells.jsonl"
    path.write_bytes(make_record("dbn-batch").to_line().encode() + line.encode("latin-1") + b"\n")
    with pytest.raises(RecordError) as caught:
        read_records(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{path}, line 2: {message}")
    assert said.isprintable()
    assert len(said) < 600


def test_a_line_of_any_length_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "cells.jsonl").write_bytes(b" " * 5_000_000)
    with pytest.raises(RecordError, match="line 1: more than 4,000,000 bytes; not a row"):
        read_records(tmp_path)


def test_rows_of_schema_1_may_lack_what_came_later() -> None:
    for name in ("psnr", "nll", "running_layers", "arithmetic", "corrupted_sha256"):
        record = parse_record(without(name, schema=1).encode(), "here")
        assert record == make_record(schema=1)


def test_rows_with_the_same_key_are_the_same_measurement() -> None:
    record = make_record(correct=900)
    assert make_record(correct=1, seconds=9.0, ties=3).key == record.key
    assert make_record(correct=900, limit=1000).key != record.key
    assert make_record(correct=900, prior="16").key != record.key
    assert make_record(correct=900, total=999).key != record.key


CELL_CHANGES: dict[str, Any] = {
    "seed": 1,
    "mode": "dbn-batch",
    "set_size": 8,
    "prior": "16",
    "tie_rule": "random",
    "arithmetic": "bf16",
    "corruption": "agn",
    "severity": 1.0,
    "convention": "paper",
    "range": "clip",
    "severity_table": "cifar10-c",
    "frost": "procedural",
    "origin": "official",
    "corrupted_sha256": "e" * 64,
}


def test_the_key_of_a_cell_holds_all_that_tells_cells_of_a_run_apart() -> None:
    """And nothing of the result, nor of what the whole run has in common."""
    cells = {make_record(**({"mode": "bn"} | {n: v})).cell for n, v in CELL_CHANGES.items()}
    assert len(cells - {make_record().cell}) == len(CELL_CHANGES)
    assert make_record(correct=1, seconds=9.0, limit=3, total=3).cell == make_record().cell


def test_one_cell_with_two_results_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    rows = [make_record(correct=900), make_record("dbn-batch"), make_record(correct=900)]
    path.write_text("".join(row.to_line() for row in rows))
    assert read_records(tmp_path) == rows
    with path.open("a") as file:
        file.write(make_record(correct=901).to_line())
    with pytest.raises(
        RecordError, match=r"jsonl, lines 1 and 4: bn under clean 0 was measured tw"
    ):
        read_records(tmp_path)
