"""reproduction/comparisons.py: differences of paired trainings and their intervals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from scipy import stats

from reproduction import comparisons
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
    monkeypatch.setattr(comparisons, "RESULTS", tmp_path)
    monkeypatch.setattr(comparisons, "GROUPS", {"both": ("A", "B")})
    comparisons.values_of.cache_clear()
    return tmp_path


def compare(**fields: object) -> comparisons.Comparison:
    sides = {"first": Trainings("A", "bn"), "second": Trainings("B", "bn")}
    return comparisons.Comparison(group="both", words="", **sides, **fields)  # type: ignore[arg-type]


def test_trainings_are_paired(results: Path) -> None:
    found = comparisons.paired_difference(compare())
    first, second = [0.4, 0.4, 0.41], [0.35, 0.305, 0.375]  # means over the two sigmas
    test = stats.ttest_rel(first, second)
    low, high = test.confidence_interval(0.95)
    assert found[:3] == pytest.approx((0.06, low, high))
    assert found.trainings == pytest.approx((0.05, 0.095, 0.035))
    assert str(found) == f"+6.0 [{100 * low:+.1f}, {100 * high:+.1f}]"


def test_one_row_alone(results: Path) -> None:
    found = comparisons.paired_difference(compare(rows="0"))
    assert found.mean == pytest.approx((-0.02 - 0.005 + 0.015) / 3)
    of_table = comparisons.paired_difference(compare(tables="agn_paper"))
    assert of_table == comparisons.paired_difference(compare())


@pytest.mark.parametrize("gone", ["A_1", "B_1"])
def test_a_training_without_its_pair_is_an_error(results: Path, gone: str) -> None:
    shutil.rmtree(results / gone)
    with pytest.raises(AssertionError, match="Comparison"):
        comparisons.paired_difference(compare())


def interval(mean: float, low: float, high: float, *trainings: float) -> comparisons.Interval:
    return comparisons.Interval(mean, low, high, trainings)


def test_few_trainings_are_counted_and_decide_nothing() -> None:
    three = interval(0.02, 0.01, 0.03, 0.02, 0.015, 0.025)
    assert comparisons.judge(three, 0.0) == "3 of 3"
    assert comparisons.judge(three, 0.02) == "1 of 3"
    assert comparisons.judge(interval(-0.02, -0.03, -0.01, -0.02, -0.02), -0.03) == "2 of 2"


def test_six_trainings_have_a_verdict() -> None:
    six = (0.01, 0.02, 0.03, 0.01, 0.02, -0.01)
    assert comparisons.judge(interval(0.02, 0.01, 0.03, *six), 0.0) == "5 of 6: holds"
    assert comparisons.judge(interval(0.02, 0.01, 0.03, *six), 0.04) == "0 of 6: does not hold"
    assert comparisons.judge(interval(0.01, -0.01, 0.03, *six), 0.0) == "5 of 6: undecided"


def test_less_than_is_printed_decides_nothing() -> None:
    found = comparisons.as_printed(interval(-0.0003, -0.0006, -0.0001, *[0.0004] * 6))
    assert str(found) == "+0.0 [-0.1, +0.0]"
    assert comparisons.judge(found, 0.0) == "0 of 6: undecided"
    found = comparisons.as_printed(interval(0.002, 0.0006, 0.003, *[0.0006] * 6))
    assert comparisons.judge(found, 0.0) == "6 of 6: holds"
