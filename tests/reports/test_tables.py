"""The interval of a row: of one cell Wilson's, of a mean Student's t on the mode's units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.metrics.intervals import wilson_interval
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from tests.reports.synthetic_runs import corrupted, kept_table, make_record, tables_of


def fog(mode: str, total: int, set_size: int | None = None) -> list[Record]:
    """Clean images, and fog at two severities, less than half of the images right."""
    shared = {"total": total, "set_size": set_size}
    return [
        make_record(mode, correct=total - total // 10, **shared),
        corrupted(mode, "fog", 1, total // 2, **shared),
        corrupted(mode, "fog", 5, total // 3, **shared),
    ]


def right(table: Table) -> np.ndarray:
    """[cells, N], whether each image was right."""
    return np.stack([cell.correct for cell in table.cells[table.modes[0]].values()])


@pytest.mark.parametrize(("set_size", "starts"), [(None, range(1000)), (128, range(0, 1000, 128))])
def test_a_mean_has_students_t_on_units(tmp_path: Path, set_size: int, starts: range) -> None:
    mode = "bn" if set_size is None else "dbn-batch"
    table = kept_table(tmp_path / "r", fog(mode, 1000, set_size))
    value, interval = table.estimate(table.rows[1], table.modes[0])
    outcomes = right(table)[1:].mean(axis=0)
    assert value == pytest.approx(outcomes.mean())
    sums = np.add.reduceat(outcomes - outcomes.mean(), list(starts))
    error = np.sqrt((sums**2).sum() * len(starts) / (len(starts) - 1)) / 1000
    low, high = interval
    wide = stats.t.ppf(0.975, len(starts) - 1) * error
    # Wilson's form is not even about the value; images are a floor.
    assert (high - low) / 2 == pytest.approx(max(wide, 1.96 * outcomes.std() / 1000**0.5), rel=0.01)


def test_one_cell_has_wilsons_interval_with_predictions_and_without(tmp_path: Path) -> None:
    records = fog("dbn-batch", 1000, 128)[:2]
    for table in (kept_table(tmp_path / "kept", records), *tables_of(tmp_path, records)):
        clean, foggy = (table.estimate(row, table.modes[0]) for row in table.rows)
        assert clean.interval == wilson_interval(900, 1000)
        assert foggy.interval == wilson_interval(500, 1000)


def test_a_mean_without_predictions_has_no_interval(tmp_path: Path) -> None:
    (table,) = tables_of(tmp_path, fog("bn", 1000))
    assert table.estimate(table.rows[1], table.modes[0]) == (pytest.approx(0.4165), None)


@pytest.mark.parametrize(("total", "set_size"), [(200, 128), (1, 1), (2, 1), (9, 9)])
def test_few_units_have_no_interval_of_a_mean(tmp_path: Path, total: int, set_size: int) -> None:
    table = kept_table(tmp_path / "r", fog("dbn-batch", total, set_size))
    assert table.estimate(table.rows[0], table.modes[0]).interval is not None
    assert table.estimate(table.rows[1], table.modes[0]).interval is None


@pytest.mark.parametrize("correct", [0, 400])
def test_all_right_or_all_wrong_is_not_certain(tmp_path: Path, correct: int) -> None:
    shared = {"set_size": 100, "total": 400}
    records = [corrupted("dbn-batch", "fog", s, correct, **shared) for s in (1, 2)]
    table = kept_table(tmp_path / "r", records)
    value, interval = table.estimate(table.rows[0], table.modes[0])
    assert value == correct / 400
    assert sorted(abs(value - end) for end in interval) == pytest.approx([0, 0.0247], abs=1e-4)


def test_the_mean_of_the_15_is_over_all_their_cells(tmp_path: Path) -> None:
    records = [
        corrupted("bn", name, severity, 100 + 10 * i + severity, total=400)
        for i, name in enumerate(BENCHMARK_CORRUPTIONS)
        for severity in (1, 3)
    ]
    table = kept_table(tmp_path / "r", records)
    value, (low, high) = table.estimate(table.rows[-1], table.modes[0])
    outcomes = right(table).mean(axis=0)
    assert value == pytest.approx(outcomes.mean())
    assert [low, high] == pytest.approx(
        stats.t.interval(0.95, 399, outcomes.mean(), stats.sem(outcomes)), abs=0.001
    )
