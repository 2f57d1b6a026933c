from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.reports.captions import caption
from robustbench_ln.reports.corruption_family import CorruptionFamily
from robustbench_ln.reports.families import sort_conditions
from robustbench_ln.reports.table_grids import accuracy_grid, wide_columns
from tests.reports.synthetic_runs import corrupted, make_record, tables_of


def test_means_need_every_severity_and_all_fifteen(tmp_path: Path) -> None:
    full = [
        corrupted("bn", name, severity, 500 + 10 * i + severity)
        for i, name in enumerate(BENCHMARK_CORRUPTIONS)
        for severity in (1, 3)
    ]
    (table,) = tables_of(tmp_path / "full", full)
    wide = wide_columns(table).frame().set_index("corruption")["r0 bn accuracy"]
    assert wide["gaussian_noise"] == pytest.approx(0.502)
    assert wide["mean of the 15 (procedural frost)"] == pytest.approx(0.502 + 0.07)
    extra = [corrupted("bn", "saturate", severity, 1) for severity in (1, 3)]
    (table,) = tables_of(tmp_path / "extra", full + extra)
    wide = wide_columns(table).frame().set_index("corruption")["r0 bn accuracy"]
    assert wide["mean of the 15 (procedural frost)"] == pytest.approx(0.502 + 0.07)
    assert list(wide.index)[-2:] == ["mean of the 15 (procedural frost)", "saturate"]
    (table,) = tables_of(tmp_path / "lacking", full[:-1])
    wide = wide_columns(table).frame().set_index("corruption")["r0 bn accuracy"]
    assert not any(name.startswith("mean") for name in wide.index)
    assert wide.isna()["jpeg_compression"]
    assert "No mean of the 15: jpeg_compression not measured at every severity." in caption(table)


def test_two_kinds_of_frost_are_two_rows_with_a_mean_each(tmp_path: Path) -> None:
    records = [corrupted("bn", name, 1, 500) for name in BENCHMARK_CORRUPTIONS]
    records.append(corrupted("bn", "frost", 1, 650, frost="photographs"))
    (table,) = tables_of(tmp_path, records)
    rows = dict(accuracy_grid(table).rows)
    assert rows["frost (photographs)"] == "65.0 [62.0, 67.9]"
    assert rows["frost (procedural)"] == "50.0 [46.9, 53.1]"
    assert rows["mean of the 15"] == "51.0"
    assert rows["mean of the 15 (procedural frost)"] == "50.0"
    assert "No mean" not in caption(table)


def test_means_with_other_frost_stand_apart(tmp_path: Path) -> None:
    usual = [corrupted("bn", name, 5, 500) for name in BENCHMARK_CORRUPTIONS]
    photographs = [
        corrupted("bn", name, 5, 600, frost="photographs" if name == "frost" else None)
        for name in BENCHMARK_CORRUPTIONS
    ]
    (table,) = tables_of(tmp_path, usual, photographs)
    assert accuracy_grid(table).rows[-2:] == (
        ("mean of the 15", "-", "60.0"),
        ("mean of the 15 (procedural frost)", "50.0", "-"),
    )


def test_a_part_of_the_benchmark_is_named_so(tmp_path: Path) -> None:
    records = [make_record("bn"), make_record("plain")]
    records += [corrupted("bn", name, 5, 500) for name in ("fog", "snow", "spatter")]
    records += [corrupted("plain", name, 5, 500) for name in BENCHMARK_CORRUPTIONS[1:]]
    (table,) = tables_of(tmp_path, records)
    assert caption(table).startswith(
        "Accuracy in % at severity 5 [95 % Wilson intervals: test-set sampling only]. No mean of "
        "the 15 for bn: 2 of them were measured at every severity. No mean of the 15 for plain: "
        "gaussian_noise not measured at every severity. "
    )
    grid = accuracy_grid(table)
    assert [grid.rows[i][0] for i in sorted(grid.rules)] == ["shot_noise", "spatter"]


@pytest.mark.parametrize(
    ("severities", "words"),
    [
        ([3], " at severity 3"),
        ([1, 2], ", mean over severities 1, 2"),
        ([5, 4, 3], ", mean over severities 3-5"),
        ([1, 3, 5], ", mean over severities 1, 3, 5"),
    ],
)
def test_severities_are_named(tmp_path: Path, severities: list[int], words: str) -> None:
    records = [make_record("bn"), *(corrupted("bn", "fog", s, 500) for s in severities)]
    (table,) = tables_of(tmp_path, records)
    assert table.family.words(table) == f"accuracy in %{words}"


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"fog": [1, 2, 3, 4, 5], "snow": [1, 2, 3, 4, 5]}, "mean of snow and fog, severities 1-5"),
        ({"fog": [3], "snow": [3], "frost": [3]}, "mean of snow, frost and fog, severity 3"),
        ({"fog": [1, 3], "snow": [1]}, "mean of snow and fog, unlike severities"),
        (dict.fromkeys(BENCHMARK_CORRUPTIONS[1:], (2, 5)),
         "mean of 14 of the 15, without gaussian_noise, severities 2, 5"),
        (dict.fromkeys(BENCHMARK_CORRUPTIONS[5:], (1,)), "mean of these 10, severity 1"),
        (dict.fromkeys(BENCHMARK_CORRUPTIONS, (1, 3)), "mean of the 15, severities 1, 3"),
        (dict.fromkeys(BENCHMARK_CORRUPTIONS, (1, 2, 3, 4, 5)), "mean of the 15"),
    ],
)  # fmt: skip
def test_a_pooled_mean_says_what_it_is_over(cells: dict[str, list[int]], name: str) -> None:
    members = sort_conditions(
        corrupted("bn", corruption, severity, 1).condition
        for corruption, severities in cells.items()
        for severity in severities
    )
    pools = CorruptionFamily.of(members[0]).pools(members)
    assert [pool for pool in pools if pool.startswith("mean")] == [name]
    assert len(pools[name]) == len(members)
