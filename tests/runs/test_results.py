from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import find_modes, read_results
from tests.reports.synthetic_runs import agn, corrupted, make_record, write_run


def test_modes_are_as_first_measured_and_their_options_side_by_side(tmp_path: Path) -> None:
    records = [
        make_record("dbn-batch", set_size=128),
        make_record("bn"),
        agn("bn", 0.5, 300),
        make_record("dbn-batch", set_size=16),
    ]
    run = write_run(tmp_path / "run", records)
    modes = read_results([run])
    names = ["dbn-batch (sets of 128)", "dbn-batch (sets of 16)", "bn"]
    assert [mode.variant for mode in modes] == list(find_modes(run, None)) == names
    assert [cell.accuracy for cell in modes[2].cells.values()] == [0.9, 0.3]
    assert [mode.set_size for mode in modes] == [128, 16, 1]


def test_repeats_belong_to_their_cell_and_make_none(tmp_path: Path) -> None:
    records = [
        make_record(correct=900),
        make_record(correct=880, seed=1),
        agn("bn", 1.0, 9, seed=1),
    ]
    (mode,) = read_results([write_run(tmp_path / "run", records)])
    ((condition, cell),) = mode.cells.items()
    assert condition.is_clean
    assert {seed: row.correct for seed, row in cell.by_seed.items()} == {0: 900, 1: 880}


def test_one_corruption_of_two_stored_sets_is_refused(tmp_path: Path) -> None:
    def stored(digest: str, correct: int) -> Record:
        return corrupted("bn", "fog", 1, correct, corrupted_sha256=digest * 64)

    same = write_run(tmp_path / "same", [stored("a", 700), stored("b", 700)])
    assert [len(mode.cells) for mode in read_results([same])] == [1]
    other = write_run(tmp_path / "other", [stored("a", 700), stored("b", 701)])
    words = "bn under fog 1 was measured twice, on other images, 700 of 1000 and 701 of 1000"
    with pytest.raises(RecordError, match=words):
        read_results([other])
