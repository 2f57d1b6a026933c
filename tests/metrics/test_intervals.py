from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from robustbench_ln.errors import RecordError
from robustbench_ln.metrics.intervals import Interval, wilson_interval


@pytest.mark.parametrize(("correct", "total"), [(932, 1017), (1, 2), (5, 7), (9162, 10_000)])
def test_wilson_agrees_with_statsmodels(correct: int, total: int) -> None:
    expected = proportion_confint(correct, total, alpha=0.05, method="wilson")
    assert wilson_interval(correct, total) == pytest.approx(expected, rel=1e-12)


def test_wilson_keeps_its_ends_exact() -> None:
    assert wilson_interval(0, 10) == Interval(0.0, pytest.approx(0.27753, abs=1e-5))
    assert wilson_interval(10, 10) == Interval(pytest.approx(0.72247, abs=1e-5), 1.0)


@given(st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_the_share(counts: tuple[int, int]) -> None:
    interval = wilson_interval(*counts)
    assert 0 <= interval.low <= counts[0] / counts[1] <= interval.high <= 1
    assert interval.high - interval.low > 0


@pytest.mark.parametrize(("correct", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_refuses_impossible_counts(correct: int, total: int) -> None:
    with pytest.raises(RecordError, match=f"{correct} correct of {total} images has no interval"):
        wilson_interval(correct, total)
