from __future__ import annotations

import pytest
from scipy.special import stdtrit

from robustbench_ln.metrics.student_t import t_quantile


@pytest.mark.parametrize("degrees", [*range(1, 40), 99, 100, 1016, 9_999, 49_999])
def test_against_scipy(degrees):
    assert t_quantile(degrees) == pytest.approx(float(stdtrit(degrees, 0.975)), rel=5e-12)
