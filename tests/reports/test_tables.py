from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.reports.captions import caption, difference_note, limit_stamp
from robustbench_ln.reports.corruption_table import (
    accuracy_words,
    corruption_frame,
    corruption_grid,
    severity_means,
)
from robustbench_ln.reports.grids import to_markdown
from robustbench_ln.reports.noise_table import (
    accuracy_grid,
    noise_frame,
    noise_grid,
    random_group_grid,
)
from robustbench_ln.reports.tables import Table, make_tables
from robustbench_ln.runs.families import group_families
from robustbench_ln.runs.frame import read_frame
from robustbench_ln.runs.records import Record
from tests.reports.synthetic_runs import agn, corrupted, make_record, write_run


def tables_of(path: Path, *runs: list[Record]) -> list[Table]:
    return make_tables(
        read_frame([write_run(path / f"r{i}", run, label=f"r{i}") for i, run in enumerate(runs)])
    )


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
    accuracies = [[row[-1][:4] for row in noise_grid(table).rows] for table in tables[:4]]
    assert accuracies == [["90.0", "10.0"], ["90.0", "10.1"], ["90.0", "10.2"], ["90.0", "10.3"]]
    assert [corruption_grid(table).rows[1][-1] for table in tables[4:]] == ["70.0", "71.0"]


def test_a_column_needs_more_than_clean_images(tmp_path: Path) -> None:
    first = [make_record("bn"), make_record("plain"), agn("bn", 1.0, 100)]
    (table,) = tables_of(tmp_path, first, [make_record("bn"), make_record("dbn-batch")])
    assert list(table.names.values()) == ["bn"]


def test_only_the_clear_best_is_bold(tmp_path: Path) -> None:
    records = [
        agn("bn", 0.5, 500), agn("dbn-batch", 0.5, 600), agn("plain", 0.5, 100),
        agn("bn", 1.0, 500), agn("dbn-batch", 1.0, 540), agn("plain", 1.0, 100),
        agn("plain", 2.0, 100),
    ]  # fmt: skip
    (table,) = tables_of(tmp_path, records)
    assert accuracy_grid(table).bold == {(0, 2)}
    assert noise_grid(table).bold == {(0, 6)}
    assert noise_grid(table).rows[0][6] == "60.0 [56.9, 63.0]"
    assert "| **60.0 [56.9, 63.0]** |" in to_markdown(noise_grid(table))


def test_meanings_that_differ_are_shown_as_a_span(tmp_path: Path) -> None:
    runs = [[agn("bn", 0.5, 500, gain=1.0)], [agn("bn", 0.5, 500, gain=1.25, seed=3)]]
    (table,) = tables_of(tmp_path, *runs)
    assert noise_grid(table).rows[0][1:3] == ("1.00..1.25", "0.50")
    wide = noise_frame(table)
    assert wide["gain"].isna().all()
    assert list(wide["relative_noise_std"]) == [0.5]
    assert list(wide["r1 bn accuracy"]) == [0.5]


def test_random_groups_show_their_expectation(tmp_path: Path) -> None:
    record = agn("ln-batch", 0.5, 640, expected_correct=632.5, expected_sd=8.0, set_size=16)
    (table,) = tables_of(tmp_path, [record, agn("ln-voting", 0.5, 700, set_size=16)])
    grid = random_group_grid(table)
    assert grid is not None
    assert grid.header == ("sigma", "ln-batch")
    assert grid.rows == (("0.5", "64.0 (63.2 ± 0.80)"),)
    (table,) = tables_of(tmp_path / "other", [agn("bn", 0.5, 640)])
    assert random_group_grid(table) is None


def test_limits_are_stamped(tmp_path: Path) -> None:
    (table,) = tables_of(tmp_path, [agn("bn", 1.0, 50, limit=128, total=128)])
    assert limit_stamp(table) == "LIMITED n=128"
    assert caption(table).startswith("LIMITED n=128. Accuracy in %")


def test_runs_that_differ_are_said_to(tmp_path: Path) -> None:
    alike = [[agn("bn", 1.0, 100)], [agn("bn", 1.0, 110, checkpoint_sha256="x")]]
    (table,) = tables_of(tmp_path / "alike", *alike)
    assert difference_note(table) == ""
    unlike = {"data_sha256": "e" * 64, "total": 500, "order": "as-is", "seed": 1}
    voting = {"tie_rule": "random", "num_groups": 8}
    runs = [
        [agn("ln-voting", 1.0, 100, **voting)],
        [agn("ln-voting", 1.0, 110, **unlike, **(voting | {"tie_rule": "lowest"}))],
        [agn("bn", 1.0, 110)],
    ]
    (table,) = tables_of(tmp_path / "unlike", *runs)
    assert difference_note(table) == (
        "These runs were not measured alike. They differ in "
        "data_sha256 (r0: dddddddd; r1: eeeeeeee; r2: dddddddd), total (r0: 1000; r1: 500; "
        "r2: 1000), order (r0: shuffled; r1: as-is; r2: shuffled), seed (r0: 0; r1: 1; r2: 0), "
        "tie_rule (r0: random; r1: lowest)."
    )


def test_captions_say_what_the_numbers_rest_on(tmp_path: Path) -> None:
    records = [
        agn("bn-adapt", 1.0, 300, set_size=128, prior="16", refills=7),
        agn("ln-voting", 1.0, 300, set_size=16, tie_rule="random", ties=5),
        agn("ln-voting", 2.0, 200, set_size=16, tie_rule="random", ties=9),
        agn("dbn-single", 1.0, 300, set_size=1, running_layers=("fc.norm",)),
    ]
    (table,) = tables_of(tmp_path, records)
    text = caption(table)
    assert "95 % Wilson intervals: test-set sampling only" in text
    assert "Images: 1000. Order: shuffled. Seed: 0." in text
    assert "Images that share statistics: 128 (bn-adapt); 16 (ln-voting)." in text
    assert "Prior weight of the running statistics, in images: 16 (bn-adapt)." in text
    assert "Tied votes are broken by rule: random (ln-voting)." in text
    assert "Images with a tied vote: 5..9 (ln-voting)." in text
    assert "Images shown twice to fill a set: 7 (bn-adapt)." in text
    assert "Layers that kept running statistics: fc.norm (dbn-single)." in text


def test_means_need_every_severity_and_all_fifteen(tmp_path: Path) -> None:
    full = [
        corrupted("bn", name, severity, 500 + 10 * i + severity)
        for i, name in enumerate(BENCHMARK_CORRUPTIONS)
        for severity in (1, 3)
    ]
    (table,) = tables_of(tmp_path / "full", full)
    wide = corruption_frame(table).set_index("corruption")["r0 bn accuracy"]
    assert wide["gaussian_noise"] == pytest.approx(0.502)
    assert wide["mean of the 15 (procedural frost)"] == pytest.approx(0.502 + 0.07)
    extra = [corrupted("bn", "saturate", severity, 1) for severity in (1, 3)]
    (table,) = tables_of(tmp_path / "extra", full + extra)
    wide = corruption_frame(table).set_index("corruption")["r0 bn accuracy"]
    assert wide["mean of the 15 (procedural frost)"] == pytest.approx(0.502 + 0.07)
    assert list(wide.index)[-2:] == ["mean of the 15 (procedural frost)", "saturate"]
    (table,) = tables_of(tmp_path / "lacking", full[:-1])
    wide = corruption_frame(table).set_index("corruption")["r0 bn accuracy"]
    assert not any(name.startswith("mean") for name in wide.index)
    assert wide.isna()["jpeg_compression"]
    assert "No mean of the 15: jpeg_compression not measured at every severity." in caption(table)


def test_two_kinds_of_frost_are_two_rows_and_no_mean(tmp_path: Path) -> None:
    records = [corrupted("bn", name, 1, 500) for name in BENCHMARK_CORRUPTIONS]
    records.append(corrupted("bn", "frost", 1, 600, frost="photographs"))
    (table,) = tables_of(tmp_path, records)
    rows = dict(corruption_grid(table).rows)
    assert rows["frost (photographs)"] == "60.0"
    assert rows["frost (procedural)"] == "50.0"
    assert not any(name.startswith("mean") for name in rows)


def test_means_with_other_frost_stand_apart(tmp_path: Path) -> None:
    usual = [corrupted("bn", name, 5, 500) for name in BENCHMARK_CORRUPTIONS]
    photographs = [
        corrupted("bn", name, 5, 600, frost="photographs" if name == "frost" else None)
        for name in BENCHMARK_CORRUPTIONS
    ]
    (table,) = tables_of(tmp_path, usual, photographs)
    assert corruption_grid(table).rows[-2:] == (
        ("mean of the 15", "-", "60.0"),
        ("mean of the 15 (procedural frost)", "50.0", "-"),
    )


def test_a_part_of_the_benchmark_is_named_so(tmp_path: Path) -> None:
    records = [make_record("bn"), make_record("plain")]
    records += [corrupted("bn", name, 5, 500) for name in ("fog", "snow", "spatter")]
    records += [corrupted("plain", name, 5, 500) for name in BENCHMARK_CORRUPTIONS[1:]]
    (table,) = tables_of(tmp_path, records)
    assert caption(table).startswith(
        "Accuracy in % at severity 5. No mean of the 15 for bn: 2 of them were measured at every "
        "severity. No mean of the 15 for plain: gaussian_noise not measured at every severity. "
    )
    grid = corruption_grid(table)
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
    assert accuracy_words(table) == f"accuracy in %{words}"


def test_means_by_severity_need_all_fifteen(tmp_path: Path) -> None:
    records = [make_record(correct=900)]
    records += [corrupted("bn", n, 1, 500 + 10 * i) for i, n in enumerate(BENCHMARK_CORRUPTIONS)]
    records += [corrupted("bn", "saturate", 1, 0)]
    records += [corrupted("bn", name, 2, 400) for name in BENCHMARK_CORRUPTIONS[:-1]]
    records += [corrupted("bn", name, 3, 300) for name in BENCHMARK_CORRUPTIONS]
    records += [corrupted("bn", "frost", 3, 200, frost="photographs")]
    (table,) = tables_of(tmp_path, records)
    assert list(severity_means(table).values()) == [{0.0: 0.9, 1.0: pytest.approx(0.57)}]


def test_runs_of_other_files_are_said_to(tmp_path: Path) -> None:
    runs = [
        write_run(
            tmp_path / name,
            [corrupted("bn", "fog", 1, 700, origin="official", corrupted_sha256=digest)],
            label=name,
        )
        for name, digest in (("a", "1" * 64), ("b", "1" * 64), ("c", "2" * 64))
    ]
    (same,) = make_tables(read_frame(runs[:2]))
    assert difference_note(same) == ""
    (table,) = make_tables(read_frame(runs))
    assert difference_note(table).endswith(
        "They differ in the corrupted images of fog (corrupted_sha256)."
    )
