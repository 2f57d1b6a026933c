from __future__ import annotations

from pathlib import Path

from robustbench_ln.reports.noise_family import random_group_grid
from tests.reports.synthetic_runs import agn, tables_of


def test_random_groups_show_their_expectation(tmp_path: Path) -> None:
    record = agn("ln-batch", 0.5, 640, expected_correct=632.5, expected_sd=8.0, set_size=16)
    (table,) = tables_of(tmp_path, [record, agn("ln-voting", 0.5, 700, set_size=16)])
    grid = random_group_grid(table)
    assert grid is not None
    assert grid.header == ("sigma", "ln-batch")
    assert grid.rows == (("0.5", "64.0 (63.2 ± 0.80)"),)
    (table,) = tables_of(tmp_path / "other", [agn("bn", 0.5, 640)])
    assert random_group_grid(table) is None
