"""reproduction/claims.py: differences of paired trainings and their intervals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from scipy import stats

from reproduction import claims
from reproduction.trainings import Trainings
from tests.reports.synthetic_runs import agn, make_record, write_run


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three trainings of two networks: clean, and under two sigmas of AGN."""
    networks = {
        "A": [(900, 500, 300), (910, 520, 280), (905, 480, 340)],
        "B": [(920, 400, 300), (915, 410, 200), (890, 470, 280)],
    }
    for network, counts in networks.items():
        for training, (clean, half, one) in enumerate(counts):
            records = [make_record(correct=clean), agn("bn", 0.5, half), agn("bn", 1.0, one)]
            write_run(tmp_path / f"{network}_{training}", records, label=f"{network}-{training}")
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    monkeypatch.setattr(claims, "GROUPS", {"both": ("A", "B")})
    claims.values_of.cache_clear()
    return tmp_path


def compare(**fields: object) -> claims.Comparison:
    sides = {"first": Trainings("A", "bn"), "second": Trainings("B", "bn")}
    return claims.Comparison(group="both", words="", **sides, **fields)  # type: ignore[arg-type]


def test_trainings_are_paired(results: Path) -> None:
    found = claims.paired_difference(compare())
    first, second = [0.4, 0.4, 0.41], [0.35, 0.305, 0.375]  # means over the two sigmas
    test = stats.ttest_rel(first, second)
    low, high = test.confidence_interval(0.95)
    assert found == pytest.approx((0.06, low, high))
    assert str(found) == f"+6.0 [{100 * low:+.1f}, {100 * high:+.1f}]"


def test_one_row_alone(results: Path) -> None:
    found = claims.paired_difference(compare(rows="0"))
    assert found.mean == pytest.approx((-0.02 - 0.005 + 0.015) / 3)
    assert claims.paired_difference(compare(tables="agn, paper")) == claims.paired_difference(
        compare()
    )


@pytest.mark.parametrize("gone", ["A_1", "B_1"])
def test_a_training_without_its_pair_is_an_error(results: Path, gone: str) -> None:
    shutil.rmtree(results / gone)
    with pytest.raises(AssertionError, match="Comparison"):
        claims.paired_difference(compare())


def test_judgements() -> None:
    assert claims.judge(claims.Interval(0.02, 0.01, 0.03), 0.0) == "holds"
    assert claims.judge(claims.Interval(-0.02, -0.03, -0.01), 0.0) == "does not hold"
    assert claims.judge(claims.Interval(-0.02, -0.03, -0.015), -0.01) == "does not hold"
    assert claims.judge(claims.Interval(-0.005, -0.009, 0.001), -0.01) == "holds"
    assert claims.judge(claims.Interval(0.0, -0.01, 0.01), 0.0) == "not told apart"


def test_less_than_is_printed_decides_nothing() -> None:
    found = claims.as_printed(claims.Interval(-0.0003, -0.0006, -0.0001))
    assert str(found) == "+0.0 [-0.1, +0.0]"
    assert claims.judge(found, 0.0) == "not told apart"
    assert claims.judge(claims.as_printed(claims.Interval(-0.011, -0.02, -0.0104)), -0.01) == (
        "undecided"
    )
    assert claims.judge(claims.as_printed(claims.Interval(0.002, 0.0006, 0.003)), 0.0) == "holds"


def test_spread_over_groups(tmp_path: Path) -> None:
    lines = ["epoch,layer,group,gamma_mean,gamma_variance,beta_mean,beta_variance"]
    lines += ["1,a,0,1.0,0,0,0", "1,a,1,1.2,0,0,0", "1,b,0,5,0,5,0"]  # b has no groups
    lines += ["2,a,0,1.0,0,0,0", "2,a,1,1.6,0,0.2,0", "2,b,0,5,0,5,0"]
    (tmp_path / "norms.csv").write_text("\n".join(lines) + "\n")
    assert claims.spread_of(tmp_path / "norms.csv", "gamma") == pytest.approx((0.1, 0.3))
    assert claims.spread_of(tmp_path / "norms.csv", "beta") == pytest.approx((0.0, 0.1))
