from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.reports.captions import caption
from robustbench_ln.reports.grids import to_markdown
from robustbench_ln.reports.table_grids import accuracy_grid, wide_columns
from robustbench_ln.reports.terminal import terminal_tables
from tests.reports.synthetic_runs import agn, corrupted, kept_table, tables_of


def test_only_the_clear_best_is_bold(tmp_path: Path) -> None:
    records = [
        agn("bn", 0.5, 500), agn("dbn-batch", 0.5, 600), agn("plain", 0.5, 100),
        agn("bn", 1.0, 500), agn("dbn-batch", 1.0, 540), agn("plain", 1.0, 100),
        agn("plain", 2.0, 100),
    ]  # fmt: skip
    (table,) = tables_of(tmp_path, records)
    assert accuracy_grid(table).bold == {(0, 2)}
    assert accuracy_grid(table, has_meanings=True).bold == {(0, 6)}
    assert accuracy_grid(table, has_meanings=True).rows[0][6] == "60.0 [56.9, 63.0]"
    assert "| **60.0 [56.9, 63.0]** |" in to_markdown(accuracy_grid(table, has_meanings=True))


@pytest.mark.parametrize(("total", "is_bold"), [(640, False), (700, False), (704, True)])
def test_five_sets_make_nothing_bold(tmp_path: Path, total: int, is_bold: bool) -> None:
    half = [agn("bn", 0.5, total // 2, total=total)]
    (table,) = tables_of(
        tmp_path, half, [agn("dbn-batch", 0.5, total * 9 // 10, total=total, set_size=128)]
    )
    assert bool(accuracy_grid(table).bold) == is_bold
    lack = "No verdict: 5 statistics sets, 6 are needed; evaluate at least 704 images or use sets"
    assert (lack in caption(table)) != is_bold


def test_class_ordered_images_are_marked_and_make_nothing_bold(tmp_path: Path) -> None:
    records = [agn("bn", 0.5, 500), agn("dbn-batch", 0.5, 900, set_size=50)]
    shuffled = kept_table(tmp_path / "shuffled", records)
    ordered = kept_table(tmp_path / "ordered", records, [i // 100 for i in range(1000)])
    assert accuracy_grid(shuffled).rows[0][1:] == ("50.0 [46.9, 53.1]", "90.0 [88.0, 91.7]")
    assert accuracy_grid(ordered).rows[0][1:] == ("50.0 [46.9, 53.1]", "90.0 [88.0, 91.7]*")
    assert (accuracy_grid(shuffled).bold, accuracy_grid(ordered).bold) == ({(0, 2)}, set())
    words = "* dbn-batch: the images came class by class: "
    assert words in caption(ordered)
    assert words not in caption(shuffled)
    assert words in terminal_tables([ordered])
    (last,) = [line for line in terminal_tables([ordered]).splitlines() if line.startswith("dbn-b")]
    assert last.split() == ["dbn-batch", "90.0", "1.9*"]


def test_files_of_means_say_how_many_units_they_rest_on(tmp_path: Path) -> None:
    records = [
        corrupted("dbn-batch", name, s, 500, set_size=size, total=1000)
        for size in (128, 400)
        for name in ("fog", "snow")
        for s in (1, 5)
        if (size, name, s) != (400, "snow", 5)
    ]
    wide = wide_columns(kept_table(tmp_path / "r", records)).frame().set_index("corruption")
    head = "resnet20 dbn-batch (sets of {}) {}"
    assert wide[head.format(128, "units")].tolist() == [8, 8]
    fog, snow = wide[head.format(400, "low")], wide[head.format(400, "units")]
    assert fog.notna().tolist() == [False, True]
    assert snow.notna().tolist() == [False, True]


def test_meanings_that_differ_are_shown_as_a_span(tmp_path: Path) -> None:
    runs = [[agn("bn", 0.5, 500, gain=1.0)], [agn("bn", 0.5, 500, gain=1.25, seed=3)]]
    (table,) = tables_of(tmp_path, *runs)
    assert accuracy_grid(table, has_meanings=True).rows[0][1:3] == ("1.00..1.25", "0.50")
    wide = wide_columns(table).frame()
    assert wide["gain"].isna().all()
    assert list(wide["relative_noise_std"]) == [0.5]
    assert list(wide["r1 bn accuracy"]) == [0.5]
