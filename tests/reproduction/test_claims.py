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
    assert found[:3] == pytest.approx((0.06, low, high))
    assert found.trainings == pytest.approx((0.05, 0.095, 0.035))
    assert str(found) == f"+6.0 [{100 * low:+.1f}, {100 * high:+.1f}]"


def test_one_row_alone(results: Path) -> None:
    found = claims.paired_difference(compare(rows="0"))
    assert found.mean == pytest.approx((-0.02 - 0.005 + 0.015) / 3)
    assert claims.paired_difference(compare(tables="agn_paper")) == claims.paired_difference(
        compare()
    )


@pytest.mark.parametrize("gone", ["A_1", "B_1"])
def test_a_training_without_its_pair_is_an_error(results: Path, gone: str) -> None:
    shutil.rmtree(results / gone)
    with pytest.raises(AssertionError, match="Comparison"):
        claims.paired_difference(compare())


def interval(mean: float, low: float, high: float, *trainings: float) -> claims.Interval:
    return claims.Interval(mean, low, high, trainings)


def test_few_trainings_are_counted_and_decide_nothing() -> None:
    three = interval(0.02, 0.01, 0.03, 0.02, 0.015, 0.025)
    assert claims.judge(three, 0.0) == "3 of 3"
    assert claims.judge(three, 0.02) == "1 of 3"
    assert claims.judge(interval(-0.02, -0.03, -0.01, -0.02, -0.02), -0.03) == "2 of 2"


def test_six_trainings_have_a_verdict() -> None:
    six = (0.01, 0.02, 0.03, 0.01, 0.02, -0.01)
    assert claims.judge(interval(0.02, 0.01, 0.03, *six), 0.0) == "5 of 6: holds"
    assert claims.judge(interval(0.02, 0.01, 0.03, *six), 0.04) == "0 of 6: does not hold"
    assert claims.judge(interval(0.01, -0.01, 0.03, *six), 0.0) == "5 of 6: undecided"


def test_less_than_is_printed_decides_nothing() -> None:
    found = claims.as_printed(interval(-0.0003, -0.0006, -0.0001, *[0.0004] * 6))
    assert str(found) == "+0.0 [-0.1, +0.0]"
    assert claims.judge(found, 0.0) == "0 of 6: undecided"
    found = claims.as_printed(interval(0.002, 0.0006, 0.003, *[0.0006] * 6))
    assert claims.judge(found, 0.0) == "6 of 6: holds"


def test_spread_over_groups(tmp_path: Path) -> None:
    lines = ["epoch,layer,group,gamma_mean,gamma_variance,beta_mean,beta_variance"]
    lines += ["1,a,0,1.0,0,0,0", "1,a,1,1.2,0,0,0", "1,b,0,5,0,5,0"]  # b has no groups
    lines += ["2,a,0,1.0,0,0,0", "2,a,1,1.6,0,0.2,0", "2,b,0,5,0,5,0"]
    (tmp_path / "norms.csv").write_text("\n".join(lines) + "\n")
    assert claims.spread_of(tmp_path / "norms.csv", "gamma") == pytest.approx((0.1, 0.3))
    assert claims.spread_of(tmp_path / "norms.csv", "beta") == pytest.approx((0.0, 0.1))
