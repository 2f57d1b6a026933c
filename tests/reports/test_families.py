from __future__ import annotations

from pathlib import Path

from robustbench_ln.reports.families import group_families
from robustbench_ln.reports.table_grids import accuracy_grid
from tests.reports.synthetic_runs import agn, corrupted, make_record, tables_of


def test_unlike_rows_never_share_a_table(tmp_path: Path) -> None:
    changes: list[dict[str, str]] = [
        {},
        {"range": "rescale"},
        {"convention": "released"},
        {"corruption": "apn"},
    ]
    records = [make_record("bn", correct=900)]
    records += [agn("bn", 1.0, 100 + i, **change) for i, change in enumerate(changes)]
    records += [corrupted("bn", "fog", 1, 700), corrupted("bn", "fog", 1, 710, origin="official")]
    tables = tables_of(tmp_path, records)
    assert [table.name for table in tables] == [
        "agn_paper_clip",
        "agn_paper_rescale",
        "agn_released_clip",
        "apn_paper_clip",
        "cifar10-c_generated",
        "cifar10-c_official",
    ]
    families = group_families(record.condition for record in records)
    assert [family.name for family in families] == [table.name for table in tables]
    assert [family.title for family in families] == [table.title for table in tables]
    accuracies = [
        [row[-1][:4] for row in accuracy_grid(table, has_meanings=True).rows]
        for table in tables[:4]
    ]
    assert accuracies == [["90.0", "10.0"], ["90.0", "10.1"], ["90.0", "10.2"], ["90.0", "10.3"]]
    assert [accuracy_grid(table).rows[1][-1] for table in tables[4:]] == [
        "70.0 [67.1, 72.8]",
        "71.0 [68.1, 73.7]",
    ]


def test_modes_with_clean_images_alone_are_in_a_table_of_these(tmp_path: Path) -> None:
    first = [make_record("bn"), make_record("plain"), agn("bn", 1.0, 100)]
    second = [make_record("bn", correct=800), make_record("dbn-batch", correct=700)]
    noise, clean = tables_of(tmp_path, first, second)
    assert list(noise.names.values()) == ["bn"]
    assert (clean.name, clean.title) == ("clean", "clean images")
    assert list(clean.names.values()) == ["r0 bn", "r0 plain", "r1 bn", "r1 dbn-batch"]
    (row,) = clean.rows
    assert [clean.accuracy(row, mode) for mode in clean.modes] == [0.9, 0.9, 0.8, 0.7]
    assert len(accuracy_grid(clean).header) == 1 + len(clean.names)  # no gain, no PSNR
    (alone,) = tables_of(tmp_path / "alone", [make_record("bn"), agn("bn", 1.0, 100)])
    assert alone.name == "agn_paper_clip"
