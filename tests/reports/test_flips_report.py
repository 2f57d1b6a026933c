from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustbench_ln.corrupted_sets.sequences import PERTURBATIONS
from robustbench_ln.errors import LnBenchError, RecordError
from robustbench_ln.reports.flips_report import describe_flips, read_baseline, write_flips


def frame_of(flips, distances, *, mode: str = "plain", names=PERTURBATIONS) -> pd.DataFrame:
    rows = {
        "perturbation": names, "mode": mode, "set_size": pd.array([None] * len(names), "Int64"),
        "sequences": 4, "flip_probability": flips, "top5_distance": distances,
    }  # fmt: skip
    return pd.DataFrame(rows).astype({"top5_distance": "float64"})


def test_means_are_over_all_ten_and_ratios_are_means_of_ratios(tmp_path):
    flips, distances = np.linspace(0.1, 0.55, 10), np.linspace(1, 10, 10)
    (path,) = write_flips(frame_of([0.5] * 5 + [0.25] * 5, [10.0] * 10), tmp_path)
    text = describe_flips(frame_of(flips, distances), PERTURBATIONS, read_baseline(path))
    lines = [line.split() for line in text.splitlines()]
    assert ["mean", "32.50"] in lines
    assert ["mean", "5.50"] in lines
    mfr = 100 * np.mean([*(flips[:5] / 0.5), *(flips[5:] / 0.25)])
    assert f"mFR, % of flips.csv: plain {mfr:.2f}" in text
    assert "mT5D, % of flips.csv: plain 55.00" in text


def test_a_mean_of_some_perturbations_is_not_given():
    text = describe_flips(frame_of([0.5], [None], names=("tilt",)), PERTURBATIONS)
    assert [line.split() for line in text.splitlines()][-1] == ["mean", "-"]
    assert "Top-5" not in text


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a,b\n1,2\n", "no column 'perturbation'"),
        (b"\xff\xfe\x00", "flips"),
        ("perturbation,mode,set_size,sequences,flip_probability,top5_distance\n"
         "tilt,bn,,4,0.5,1\ntilt,plain,,4,0.5,1\n", "has several modes"),
        ("perturbation,mode,set_size,sequences,flip_probability,top5_distance\n"
         "tilt,bn,,4,0,1\n", "a flip probability is not above 0"),
    ],
)  # fmt: skip
def test_files_that_are_no_baseline_are_refused(content, line, tmp_path):
    path = tmp_path / "flips.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LnBenchError, match=line):
        read_baseline(path)
    with pytest.raises((RecordError, LnBenchError)):
        read_baseline(tmp_path / "nowhere.csv")
