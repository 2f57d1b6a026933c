"""reproduction/training_tables.py: how far the groups of a training went apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from reproduction.training_tables import spread_of


def test_spread_over_groups(tmp_path: Path) -> None:
    lines = ["epoch,layer,group,gamma_mean,gamma_variance,beta_mean,beta_variance"]
    lines += ["1,a,0,1.0,0,0,0", "1,a,1,1.2,0,0,0", "1,b,0,5,0,5,0"]  # b has no groups
    lines += ["2,a,0,1.0,0,0,0", "2,a,1,1.6,0,0.2,0", "2,b,0,5,0,5,0"]
    (tmp_path / "norms.csv").write_text("\n".join(lines) + "\n")
    assert spread_of(tmp_path / "norms.csv", "gamma") == pytest.approx((0.1, 0.3))
    assert spread_of(tmp_path / "norms.csv", "beta") == pytest.approx((0.0, 0.1))
