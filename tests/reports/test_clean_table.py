from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.reports.clean_table import CLEAN_TABLE
from robustbench_ln.reports.families import read_tables
from tests.reports.synthetic_runs import agn, make_record, write_run


def test_trainings_are_one_row(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, [make_record(correct=correct)], label=name)
        for name, correct in (("LN-0", 900), ("LN-1", 920), ("BN-0", 800), ("-1", 10))
    ]
    (piece,) = CLEAN_TABLE.make(read_tables(runs, names="ids"), 6.8)
    assert piece.grid.header == ("network", "mode", "cifar10, 1000 images")
    assert piece.grid.groups == ("", "", "resnet20")
    assert piece.grid.rows == (
        ("LN", "bn", "91.0 ± 1.4"), ("BN-0", "bn", "80.0"), ("-1", "bn", "1.0"),
    )  # fmt: skip


def test_runs_without_clean_cells_have_none(tmp_path: Path) -> None:
    assert (
        CLEAN_TABLE.make(read_tables([write_run(tmp_path / "r", [agn("bn", 1.0, 3)])]), 6.8) == []
    )


@pytest.mark.parametrize(
    "labels",
    [
        ("ResNet-20", "ResNet-20-LN"),
        ("ResNet-20", "ResNet-32"),
        ("LN-8", "LN-16"),
    ],
)
def test_numbers_that_count_no_trainings_stay(tmp_path: Path, labels: tuple[str, ...]) -> None:
    runs = [write_run(tmp_path / name, [make_record(correct=900)], label=name) for name in labels]
    (piece,) = CLEAN_TABLE.make(read_tables(runs), 6.8)
    assert [row[0] for row in piece.grid.rows] == [*labels]


def test_networks_of_other_groups_are_no_trainings_of_one(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / f"LN-{k}", [make_record(correct=900, num_groups=k)], label=f"LN-{k}")
        for k in (1, 2)
    ]
    (piece,) = CLEAN_TABLE.make(read_tables(runs), 6.8)
    assert [row[0] for row in piece.grid.rows] == ["LN-1", "LN-2"]
