"""snow: the law of its draws, and what falls where, by hand."""

from __future__ import annotations

from scipy import stats

from robustbench_ln.corruptions.registry import CORRUPTIONS
from tests.corruptions.laws import draw, is_uniform


def test_flakes_are_normal_and_fall_at_uniform_angles():
    normals, angles = draw("snow", CORRUPTIONS["snow"].parameters["cifar10-c"][0], number=3000)
    assert is_uniform(angles, -135, -45)
    assert stats.kstest(normals[:100].ravel(), "norm").pvalue > 1e-4
