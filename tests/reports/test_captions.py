from __future__ import annotations

from pathlib import Path

from robustbench_ln.reports.captions import caption, difference_note, limit_stamp
from robustbench_ln.reports.families import read_tables
from tests.reports.synthetic_runs import agn, corrupted, kept_table, tables_of, write_run


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


def test_means_say_their_units_or_what_would_help(tmp_path: Path) -> None:
    sizes = {"bn": None, "dbn-batch": 128, "plain": None}
    for total, expected in {
        1000: "Intervals: Student's t on 1000 images (bn, plain). Intervals: Student's t on 8 "
        "statistics sets of 128 images (dbn-batch). ",
        500: "Intervals: Student's t on 500 images (bn, plain). Intervals: Student's t on 4 "
        "statistics sets of 128 images (dbn-batch). No verdict: 4 statistics sets, 6 are needed; "
        "evaluate at least 704 images or use sets of at most 90 images (dbn-batch). ",
        200: "Intervals: Student's t on 200 images (bn, plain). No interval: 2 statistics sets, 3 "
        "are needed; evaluate at least 320 images or use sets of at most 80 images (dbn-batch). ",
    }.items():
        records = [
            corrupted(mode, "fog", severity, total // 2, total=total, set_size=size)
            for mode, size in sizes.items()
            for severity in (1, 5)
        ]
        assert expected in caption(kept_table(tmp_path / str(total), records))
    (table,) = tables_of(tmp_path / "gone", records)
    assert "No interval over several cells: predictions were not kept. " in caption(table)
    assert "Student" not in caption(table)


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


def test_runs_of_other_files_are_said_to(tmp_path: Path) -> None:
    runs = [
        write_run(
            tmp_path / name,
            [corrupted("bn", "fog", 1, 700, origin="official", corrupted_sha256=digest)],
            label=name,
        )
        for name, digest in (("a", "1" * 64), ("b", "1" * 64), ("c", "2" * 64))
    ]
    (same,) = read_tables(runs[:2])
    assert difference_note(same) == ""
    (table,) = read_tables(runs)
    assert difference_note(table).endswith(
        "They differ in the corrupted images of fog (corrupted_sha256)."
    )
