from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from robustbench_ln.corrupted_sets.sequences import BENCHMARKS
from robustbench_ln.errors import LnBenchError, RecordError
from robustbench_ln.metrics.flips import mean_estimate, units_of_sequences
from robustbench_ln.reports.flips_report import describe_flips, read_baseline, write_flips
from robustbench_ln.runs.stability import Stability

NAMES = BENCHMARKS["cifar10-p"]


def row_of(flips, distances, *, mode="plain", name="tilt", set_size=None) -> Stability:
    """A row with 10 comparisons in each sequence."""
    return Stability(
        perturbation=name,
        frames_sha256="0" * 64,
        mode=mode,
        set_size=set_size,
        num_frames=11,
        comparisons=10,
        flips=tuple(flips),
        distances=None if distances is None else tuple(distances),
    )


def rows_of(seed: int, *, scale: int = 1) -> list[Stability]:
    rng = np.random.default_rng(seed)
    return [
        row_of(
            rng.integers(1, 11, 40).tolist(), (scale * rng.integers(1, 50, 40)).tolist(), name=name
        )
        for name in NAMES
    ]


def numbers_of(text: str, name: str) -> list[str]:
    """What stands in the lines of a perturbation, one in each table."""
    return [line[len(name) :].strip() for line in text.splitlines() if line.startswith(name)]


def test_means_are_over_all_ten_and_ratios_are_means_of_ratios(tmp_path):
    rows, baseline = rows_of(0), rows_of(1, scale=2)
    (path,) = write_flips(baseline, tmp_path)
    text = describe_flips(rows, NAMES, read_baseline(path))
    flips = np.array([row.flips for row in rows]) / 10
    distances = np.array([row.distances for row in rows]) / 10
    expected = mean_estimate(flips.mean(axis=0), units_of_sequences(40, [rows[0].frame_sharing]))
    low, high = expected.interval
    said, of_distances = numbers_of(text, "mean")
    assert said == f"{100 * flips.mean():.2f} [{100 * low:.2f}, {100 * high:.2f}]"
    assert of_distances.startswith(f"{distances.mean():.2f} [")
    of = np.array([[np.mean(row.flips), np.mean(row.distances)] for row in baseline]) / 10
    mfr = 100 * np.mean(flips.mean(axis=1) / of[:, 0])
    mt5d = 100 * np.mean(distances.mean(axis=1) / of[:, 1])
    assert f"mFR, % of flips.csv: Plain {mfr:.2f} [" in text
    assert f"mT5D, % of flips.csv: Plain {mt5d:.2f} [" in text


def test_the_file_has_ids_and_intervals_and_the_table_the_papers_names(tmp_path):
    rows = [
        row_of([1, 2, 3] * 10, None, mode="dbn-batch", set_size=11),
        replace(row_of([1, 2, 3] * 10, None, mode="dbn-batch", set_size=11), sharing="sliding"),
    ]
    (path,) = write_flips(rows, tmp_path)
    frame = pd.read_csv(path)
    assert frame[["mode", "set_size", "sharing", "sequences"]].to_numpy().tolist() == [
        ["dbn-batch", 11, "sets", 30], ["dbn-batch", 11, "sliding", 30],
    ]  # fmt: skip
    assert frame["flip_probability"].tolist() == pytest.approx([0.2, 0.2])
    assert (frame["flip_low"] < 0.2).all()
    assert (frame["flip_high"] > 0.2).all()
    assert frame["top5_distance"].isna().all()
    text = describe_flips(rows, NAMES)
    assert "Top-5" not in text
    assert text.splitlines()[1].split() == ["Dynamic", "BN-Batch"] * 2
    assert "(sets of 11)" in text.splitlines()[2]
    assert "(windows of 11)" in text.splitlines()[2]
    assert "  dbn-batch (sets" in describe_flips(rows, NAMES, names="ids")


def test_a_mean_of_some_perturbations_is_not_given():
    text = describe_flips([row_of([5] * 4, None)], NAMES)
    assert numbers_of(text, "mean") == ["-"]


def test_perturbations_of_other_numbers_of_sequences_have_no_interval_in_common():
    rows = rows_of(0)
    rows[3] = replace(rows[3], flips=rows[3].flips[:7], distances=rows[3].distances[:7])
    text = describe_flips(rows, NAMES)
    mean = np.mean([np.mean(row.flips) / 10 for row in rows])
    assert numbers_of(text, "mean")[0] == f"{100 * mean:.2f}"


HEAD = "perturbation,mode,set_size,sequences,flip_probability,top5_distance\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a,b\n1,2\n", "no column 'perturbation'"),
        (b"\xff\xfe\x00", "flips"),
        (f"{HEAD}tilt,bn,,4,0.5,1\ntilt,plain,,4,0.5,1\n", "has several modes"),
        (f"{HEAD}tilt,bn,,4,0,1\n", "a flip probability is not above 0"),
    ],
)
def test_files_that_are_no_baseline_are_refused(content, line, tmp_path):
    path = tmp_path / "flips.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LnBenchError, match=line):
        read_baseline(path)
    with pytest.raises((RecordError, LnBenchError)):
        read_baseline(tmp_path / "nowhere.csv")
