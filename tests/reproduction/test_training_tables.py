"""reproduction/training_tables.py: how far the groups of a training went apart."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import fmean, stdev

import pytest

from reproduction.comparisons import RESULTS
from reproduction.training_tables import against_table, spread_of


def test_spread_over_groups(tmp_path: Path) -> None:
    lines = ["epoch,layer,group,gamma_mean,gamma_variance,beta_mean,beta_variance"]
    lines += ["1,a,0,1.0,0,0,0", "1,a,1,1.2,0,0,0", "1,b,0,5,0,5,0"]  # b has no groups
    lines += ["2,a,0,1.0,0,0,0", "2,a,1,1.6,0,0.2,0", "2,b,0,5,0,5,0"]
    (tmp_path / "norms.csv").write_text("\n".join(lines) + "\n")
    assert spread_of(tmp_path / "norms.csv", "gamma") == pytest.approx((0.1, 0.3))
    assert spread_of(tmp_path / "norms.csv", "beta") == pytest.approx((0.0, 0.1))


def test_each_norm_minus_batchnorm_is_the_mean_over_seeds_of_means_over_sigmas():
    """The rows of cells.jsonl, and Student's t with two degrees of freedom, 4.303."""

    def accuracy(name: str, seed: int) -> float:
        lines = (RESULTS / f"{name}_{seed}" / "cells.jsonl").read_text().splitlines()
        rows = [row for row in map(json.loads, lines) if row["corruption"] == "mbn"]
        rows = [row for row in rows if row["mode"] == "bn" and row["severity"] > 0]
        assert len(rows) == 3
        return fmean(100 * row["correct"] / row["total"] for row in rows)

    found = [accuracy("mnist_deviations/L1", i) - accuracy("mnist_norms/BN", i) for i in range(3)]
    half = 4.303 * stdev(found) / math.sqrt(3)
    (line,) = (
        line for line in against_table("BN mnist deviations").splitlines() if "L1 BatchNorm" in line
    )
    expected = f"{fmean(found):+.1f} [{fmean(found) - half:+.1f}, {fmean(found) + half:+.1f}]"
    assert line.split("|")[-2].strip() == expected
