from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.runs.frame import read_frame
from tests.reports.synthetic_runs import agn, make_record, noise_run, write_run


def test_rows_are_sorted_and_carry_their_interval(tmp_path: Path) -> None:
    records = [agn("bn", 2.0, 100), agn("bn", 0.5, 300), make_record("bn", correct=916)]
    frame = read_frame([write_run(tmp_path / "run", records)])
    assert list(frame["severity"]) == [0.0, 0.5, 2.0]
    assert list(frame["accuracy"]) == [0.916, 0.3, 0.1]
    low, high = proportion_confint(300, 1000, method="wilson")
    assert (frame["low"][1], frame["high"][1]) == pytest.approx((low, high))


def test_what_a_record_lacks_is_empty(tmp_path: Path) -> None:
    frame = read_frame([noise_run(tmp_path / "run")])
    clean = frame[frame["corruption"] == "clean"].iloc[0]
    assert clean["convention"] == ""
    assert clean["tie_rule"] == ""
    assert frame["limit"].isna().all()
    assert frame["nll"].isna().all()
    assert set(frame["num_classes"]) == {10}


def test_runs_stand_side_by_side_in_the_order_given(tmp_path: Path) -> None:
    second, first = noise_run(tmp_path / "a", label="b"), noise_run(tmp_path / "b", label="a")
    assert list(read_frame([second, first])["label"].unique()) == ["b", "a"]
    assert list(read_frame([second, first], ["x", "y"])["label"].unique()) == ["x", "y"]


def test_equal_labels_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    runs = [noise_run(tmp_path / name) for name in ("one", "two")]
    assert list(read_frame(runs)["label"].unique()) == ["resnet20 (one)", "resnet20 (two)"]


def test_labels_that_name_no_run_are_refused(tmp_path: Path) -> None:
    runs = [noise_run(tmp_path / "x" / "run"), noise_run(tmp_path / "y" / "run")]
    with pytest.raises(SpecError, match=r"several runs are called 'resnet20 \(run\)'; .* label="):
        read_frame(runs)
    with pytest.raises(SpecError, match="several runs are called 'a'"):
        read_frame(runs, ["a", "a"])
    with pytest.raises(SpecError, match="1 labels for 2 runs; give label= once for each run"):
        read_frame(runs, ["a"])
    with pytest.raises(SpecError, match="a label is empty"):
        read_frame(runs, ["a", " "])
    with pytest.raises(SpecError, match="is given 2 times; give each run once"):
        read_frame([runs[0], runs[0]])


def test_options_are_named_where_one_run_has_several(tmp_path: Path) -> None:
    records = [
        make_record("dbn-batch", set_size=64),
        make_record("dbn-batch", set_size=128),
        make_record("ln-voting", set_size=16, tie_rule="random"),
        make_record("ln-voting", set_size=16, tie_rule="lowest"),
        make_record("bn-adapt", set_size=128, prior="16"),
        make_record("bn-adapt", set_size=128, prior="inf"),
        make_record("bn"),
    ]
    frame = read_frame([write_run(tmp_path / "run", records)])
    assert set(frame["variant"]) == {
        "dbn-batch (sets of 64)",
        "dbn-batch (sets of 128)",
        "ln-voting (ties random)",
        "ln-voting (ties lowest)",
        "bn-adapt (prior 16)",
        "bn-adapt (prior inf)",
        "bn",
    }


def test_the_same_cell_twice_needs_the_same_counts(tmp_path: Path) -> None:
    same = [make_record(nll=0.3), make_record(seconds=9.0, nll=0.30009)]  # another machine
    assert len(read_frame([write_run(tmp_path / "same", same)])) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("correct", 901), ("total", 999), ("refills", 7), ("nll", 0.32)]
)
def test_two_rows_of_one_cell_that_differ_are_refused(
    tmp_path: Path, name: str, value: float
) -> None:
    run = write_run(
        tmp_path / "run", [make_record(nll=0.3), make_record(**{"nll": 0.3, name: value})]
    )
    words = rf"cells\.jsonl, lines 1 and 2: bn under clean 0 was measured twice, with '{name}' "
    with pytest.raises(RecordError, match=words):
        read_frame([run])


def test_no_row_has_more_images_than_the_data(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [make_record(), make_record("dbn-batch", total=10_001)])
    with pytest.raises(
        RecordError, match=r"line 2: 'total' is 10001; the 'num_images' of run\.jso"
    ):
        read_frame([run])


@pytest.mark.parametrize("change", [{"order": "as-is"}, {"limit": 5}, {"data_sha256": "e" * 64}])
def test_one_run_holds_one_measurement(tmp_path: Path, change: dict[str, Any]) -> None:
    records = [make_record("bn"), make_record("dbn-batch", **change)]
    name = next(iter(change))
    with pytest.raises(RecordError, match=rf"cells\.jsonl, lines 1 and 2: '{name}' is"):
        read_frame([write_run(tmp_path / "run", records)])


def test_repeats_are_a_spread_and_no_rows(tmp_path: Path) -> None:
    counts = {0: 900, 1: 906, 2: 894}
    records = [make_record(correct=correct, seed=seed) for seed, correct in counts.items()]
    (row,) = read_frame([write_run(tmp_path / "run", records)]).to_dict("records")
    assert (row["correct"], row["repeats"]) == (900, 3)
    assert row["repeat_mean"] == pytest.approx(0.9)
    assert row["repeat_sd"] == pytest.approx(0.006)  # of 3: sqrt((0 + 36 + 36) / 2) / 1000
    (alone,) = read_frame([write_run(tmp_path / "one", records[:1])]).to_dict("records")
    assert alone["repeats"] == 1
    assert pd.isna(alone["repeat_sd"])


def test_folders_that_are_no_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no cells\.jsonl; expected a run directory"):
        read_frame([tmp_path])
    with pytest.raises(RecordError, match="no cell was measured yet"):
        read_frame([write_run(tmp_path / "empty", [])])
    run = noise_run(tmp_path / "run")
    (run / "run.json").write_text("{}")
    with pytest.raises(RecordError, match=r"run\.json: not of ln-bench \(no 'schema'\)"):
        read_frame([run])
    (run / "run.json").write_text("no json")
    with pytest.raises(RecordError, match=r"run\.json: not JSON"):
        read_frame([run])
    (run / "run.json").unlink()
    with pytest.raises(RecordError, match=r"run\.json: no such file"):
        read_frame([run])
