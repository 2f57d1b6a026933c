from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.metrics.student import difference_bounds
from robustbench_ln.metrics.units import find_units
from robustbench_ln.reports.audit import audit_frame, audit_sentences, mover
from robustbench_ln.runs.results import ModeResults, read_results
from tests.reports.synthetic_runs import agn, make_record, write_run

N = 2400
NOISE = np.random.default_rng(0).random(N)


def with_right(mode: ModeResults, share: float) -> ModeResults:
    """The same mode, right on a share of its images at random."""
    right = np.asarray(share > NOISE)
    cells = {c: replace(cell, correct=right) for c, cell in mode.cells.items()}
    return replace(mode, cells=cells)


def modes_of(path: Path, shares: dict[int, float], *, order: str = "shuffled") -> list[ModeResults]:
    records = [
        make_record("dbn-batch", set_size=size, total=N, correct=90, order=order) for size in shares
    ]
    modes = read_results([write_run(path / order, records)], [order])
    return [with_right(mode, shares[mode.set_size]) for mode in modes]


def test_rows_are_those_of_the_runs(tmp_path: Path) -> None:
    records = [
        make_record("bn", correct=500),
        agn("dbn-batch", 0.5, 900, set_size=16, order="by-class"),
    ]
    runs = [write_run(tmp_path / f"{i}", [record]) for i, record in enumerate(records)]
    frame = audit_frame(read_results(runs, ["shuffled", "by-class"]))
    assert frame["stream"].tolist() == ["shuffled", "by-class"]
    assert frame["set_size"].isna().tolist() == [True, False]
    (row,) = frame.query("stream == 'by-class'").itertuples()
    assert (row.mode, row.set_size, row.corruption, row.severity) == ("dbn-batch", 16, "agn", 0.5)
    wilson = stats.binomtest(900, 1000).proportion_ci(0.95, method="wilson")
    assert (row.accuracy, row.low, row.high) == pytest.approx((0.9, *wilson))


def test_the_reference_is_the_largest_size_with_six_sets(tmp_path: Path) -> None:
    modes = modes_of(tmp_path, {1: 0.3, 100: 0.77, 200: 0.8, 400: 0.8, 800: 0.9})
    (sentence,) = audit_sentences(modes)  # 6 sets of 400 and 3 of 800
    assert sentence.startswith(
        "Dynamic BN-Batch: sets of 200 are within 2 points of sets of 400 (+0.0 ["
    )


def test_a_size_that_is_not_close_ends_the_row_of_close_ones(tmp_path: Path) -> None:
    modes = modes_of(tmp_path, {1: 0.8, 2: 0.8, 100: 0.3, 200: 0.8, 400: 0.8})
    assert "sets of 200 are within" in audit_sentences(modes)[0]
    modes = modes_of(tmp_path / "other", {1: 0.8, 200: 0.3, 400: 0.8})
    assert "sets of 200 are not shown to be within 2 points" in audit_sentences(modes)[0]
    modes = modes_of(tmp_path / "nearly", {1: 0.8, 200: 0.782, 400: 0.8})  # -2.4 is in its interval
    assert "sets of 200 are not shown to be within 2 points" in audit_sentences(modes)[0]


def test_too_few_images_decide_nothing(tmp_path: Path) -> None:
    modes = modes_of(tmp_path, {800: 0.8, 1200: 0.8})
    assert audit_sentences(modes) == [
        "Dynamic BN-Batch: too few images for a verdict on the size of sets."
    ]


def test_a_stream_is_compared_at_the_smallest_the_reference_and_the_largest(tmp_path: Path) -> None:
    shares = {1: 0.9, 4: 0.9, 400: 0.9, 1200: 0.9}
    modes = modes_of(tmp_path, shares)
    modes += modes_of(tmp_path, dict.fromkeys(shares, 0.5), order="by-class")
    sentence = audit_sentences(modes)[1]
    expected = 100 * ((NOISE < 0.5).mean() - (NOISE < 0.9).mean())
    assert sentence.startswith(f"Dynamic BN-Batch, by-class against shuffled: {expected:+.1f} [")
    ends = [part.rpartition(" ")[2] for part in sentence[:-1].split(",") if "sets of" in part]
    assert ends == ["4", "400", "1200"]
    assert sentence.endswith(f"{expected:+.1f} points with sets of 1200.")  # two sets: no interval


def test_windows_that_slide_are_compared_with_sets_of_the_same_images(tmp_path: Path) -> None:
    records = [
        make_record("dbn-batch", set_size=size, total=N, correct=90, sharing=sharing)
        for size in (1, 4, 400, 1200)
        for sharing in ("sets", "sliding")
    ]
    modes = [
        with_right(mode, 0.6 if mode.any_record.sharing == "sliding" else 0.5)
        for mode in read_results([write_run(tmp_path / "run", records)])
    ]
    sizes, windows, sentence = audit_sentences(modes)
    assert sizes.startswith("Dynamic BN-Batch: sets of 1 are within")
    assert windows.startswith("Dynamic BN-Batch: sliding windows of 1 are within")
    expected = 100 * ((NOISE < 0.6) * 1.0 - (NOISE < 0.5)).mean()
    assert sentence.startswith(
        f"Dynamic BN-Batch, shuffled, sliding windows against sets: +{expected:.1f} ["
    )
    assert sentence.count("with ") == 3
    paired = difference_bounds(NOISE < 0.6, NOISE < 0.5, find_units(N, [4])).pick()
    assert f"[{100 * paired.low:+.1f}, {100 * paired.high:+.1f}] points with 4 images" in sentence


def test_a_stream_of_conditions_is_compared_with_the_mean_over_all(tmp_path: Path) -> None:
    size = {"set_size": 4, "total": N}
    records = [make_record("dbn-batch", **size), agn("dbn-batch", 0.5, 90, **size)]
    shuffled = read_results([write_run(tmp_path / "shuffled", records)])
    right = {"clean": NOISE < 0.9, "agn": NOISE < 0.3}
    cells = {c: replace(cell, correct=right[c.corruption]) for c, cell in shuffled[0].cells.items()}
    mixed = make_record(
        "dbn-batch", **size, order="mixed", corruption="mixed", parts="2-0123456789ab"
    )
    modes = [replace(shuffled[0], cells=cells)]
    modes += [with_right(m, 0.5) for m in read_results([write_run(tmp_path / "mixed", [mixed])])]
    expected = 100 * ((NOISE < 0.5).mean() - ((NOISE < 0.9).mean() + (NOISE < 0.3).mean()) / 2)
    assert audit_sentences(modes)[1].startswith(
        f"Dynamic BN-Batch, mixed against shuffled: {expected:+.1f} ["
    )
    frame = audit_frame(modes)
    assert frame[["stream", "corruption", "severity"]].iloc[2].tolist() == ["mixed", "mixed", 0]


def test_an_interval_of_a_difference_is_made_of_its_parts() -> None:
    first, second = Estimate(0.7, Interval(0.6, 0.75)), Estimate(0.5, Interval(0.45, 0.62))
    found = mover(first, second)
    expected = (0.2 - (0.1**2 + 0.12**2) ** 0.5, 0.2 + (0.05**2 + 0.05**2) ** 0.5)
    assert found == pytest.approx(expected)
    assert mover(first, Estimate(0.5, None)) is None
