from __future__ import annotations

from pathlib import Path

from robustbench_ln.reports.grids import to_markdown
from robustbench_ln.reports.table_grids import accuracy_grid, full_grid, wide_frame
from tests.reports.synthetic_runs import agn, tables_of


def test_only_the_clear_best_is_bold(tmp_path: Path) -> None:
    records = [
        agn("bn", 0.5, 500), agn("dbn-batch", 0.5, 600), agn("plain", 0.5, 100),
        agn("bn", 1.0, 500), agn("dbn-batch", 1.0, 540), agn("plain", 1.0, 100),
        agn("plain", 2.0, 100),
    ]  # fmt: skip
    (table,) = tables_of(tmp_path, records)
    assert accuracy_grid(table).bold == {(0, 2)}
    assert full_grid(table).bold == {(0, 6)}
    assert full_grid(table).rows[0][6] == "60.0 [56.9, 63.0]"
    assert "| **60.0 [56.9, 63.0]** |" in to_markdown(full_grid(table))


def test_meanings_that_differ_are_shown_as_a_span(tmp_path: Path) -> None:
    runs = [[agn("bn", 0.5, 500, gain=1.0)], [agn("bn", 0.5, 500, gain=1.25, seed=3)]]
    (table,) = tables_of(tmp_path, *runs)
    assert full_grid(table).rows[0][1:3] == ("1.00..1.25", "0.50")
    wide = wide_frame(table)
    assert wide["gain"].isna().all()
    assert list(wide["relative_noise_std"]) == [0.5]
    assert list(wide["r1 bn accuracy"]) == [0.5]
