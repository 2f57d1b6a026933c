from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.sweep_figure import SWEEP, Varied, split_label
from tests.reports.synthetic_runs import agn, make_record, write_run


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("G=8-0", Varied("G=x", 8)),
        ("G=8", Varied("G=x", 8)),
        ("BN, 25% noisy-12", Varied("BN, x% noisy", 25)),
        ("lr 0.05", Varied("lr x", 0.05)),
        ("LN", None),
        ("ResNet-20 v2", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_a_label_says_series_and_number(label: str, expected: Varied | None) -> None:
    assert split_label(label) == expected


def sweep_run(path: Path, label: str, clean: int, noisy: int) -> Path:
    return write_run(path / label, [make_record(correct=clean), agn("bn", 1, noisy)], label=label)


def test_means_are_over_trainings(tmp_path: Path) -> None:
    runs = [
        sweep_run(tmp_path, "G=2-0", 900, 400),
        sweep_run(tmp_path, "G=2-1", 910, 420),
        sweep_run(tmp_path, "G=4-0", 920, 500),
        sweep_run(tmp_path, "other", 100, 100),
    ]
    (piece,) = SWEEP.make(read_tables(runs), 6.8)
    rows = piece.numbers.frame().set_index(["row", "x"])
    assert set(rows["series"]) == {"G=x"}
    assert rows["accuracy"]["1", 2] == pytest.approx(0.41)
    assert rows["sd"]["1", 2] == pytest.approx(0.014142, abs=1e-6)
    assert rows["trainings"]["0", 4] == 1
    assert dict(piece.files("sweep"))["sweep_agn_paper_clip.png"].startswith(b"\x89PNG")


def test_one_number_is_no_sweep(tmp_path: Path) -> None:
    runs = [sweep_run(tmp_path, f"G=2-{i}", 900, 400) for i in range(2)]
    assert SWEEP.make(read_tables(runs), 6.8) == []
