from __future__ import annotations

from pathlib import Path

import pytest

from reproduction.trainings import Trainings, training_grid, training_values
from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.errors import SpecError
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from tests.reports.synthetic_runs import agn, corrupted, make_record, write_run


def table_of(path: Path, **runs: list[Record]) -> Table:
    (table,) = read_tables(
        [write_run(path / name, run, label=name.replace("_", "-")) for name, run in runs.items()]
    )
    return table


def noisy(clean: int, *correct: int, mode: str = "bn") -> list[Record]:
    return [
        make_record(mode, correct=clean),
        *(agn(mode, sigma, n) for sigma, n in zip((0.5, 1.0), correct, strict=False)),
    ]


def test_trainings_of_one_network_make_one_column(tmp_path: Path) -> None:
    table = table_of(
        tmp_path,
        BN_0=noisy(900, 500, 100),
        BN_1=noisy(910, 520, 100),
        BN_2=noisy(920, 600, 100),
        LN_0=noisy(800, 700),
    )
    grid = training_grid(table)
    assert grid.header == ("sigma", "BN BatchNorm", "LN BatchNorm")
    assert grid.rows == (
        ("0", "91.0 ± 1.0", "80.0"),
        ("0.5", "54.0 ± 5.3", "70.0"),  # sqrt((4^2 + 2^2 + 6^2) / 2) = 5.29
        ("1", "10.0 ± 0.0", "-"),
    )
    assert training_values(table)["0.5"][Trainings("BN", "bn")] == {0: 0.5, 1: 0.52, 2: 0.6}


def test_a_random_group_counts_with_its_expectation(tmp_path: Path) -> None:
    """Under noises and under corruptions; modes without a random group have their own counts."""
    picked = {"expected_correct": 512.5, "expected_sd": 9.0}
    noise = table_of(
        tmp_path / "noise",
        X_0=[
            make_record("ln-batch", expected_correct=890.0, expected_sd=3.0),
            agn("ln-batch", 0.5, 520, **picked),
            *noisy(900, 300, mode="ln-voting"),
        ],
    )
    assert training_values(noise) == {
        "0": {Trainings("X", "ln-batch"): {0: 0.89}, Trainings("X", "ln-voting"): {0: 0.9}},
        "0.5": {Trainings("X", "ln-batch"): {0: 0.5125}, Trainings("X", "ln-voting"): {0: 0.3}},
    }
    fog = table_of(tmp_path / "fog", X_0=[corrupted("ln-batch", "fog", 1, 520, **picked)])
    assert training_values(fog)["fog"] == {Trainings("X", "ln-batch"): {0: 0.5125}}


def test_a_corruption_counts_with_its_mean_over_the_severities(tmp_path: Path) -> None:
    def run(first: int) -> list[Record]:
        return [make_record("bn"), *(corrupted("bn", "fog", s, first + 100 * s) for s in (1, 2, 3))]

    values = training_values(table_of(tmp_path, X_0=run(0), X_1=run(300)))
    assert list(values) == ["clean", "fog"]
    assert values["fog"] == {
        Trainings("X", "bn"): {
            0: pytest.approx(0.2),
            1: pytest.approx(0.5),
        }
    }


def test_the_mean_of_the_15_is_a_row(tmp_path: Path) -> None:
    def run(shift: int) -> list[Record]:
        rows = [make_record("bn")]
        for i, name in enumerate(BENCHMARK_CORRUPTIONS):
            frost = {"frost": "photographs"} if name == "frost" else {}
            rows += [corrupted("bn", name, 1, shift + 10 * i, **frost)]
        return rows

    rows = training_grid(table_of(tmp_path, X_0=run(100), X_1=run(300))).rows
    assert rows[-1] == ("mean of the 15", "27.0 ± 14.1")  # 170 and 370 of 1,000


def test_a_label_must_name_its_training(tmp_path: Path) -> None:
    table = table_of(tmp_path, alone=noisy(900, 500))
    with pytest.raises(SpecError, match="label 'alone' names no training; expected NETWORK-NUMBER"):
        training_grid(table)
