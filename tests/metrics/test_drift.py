from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.metrics.drift import gaussian_divergence
from tests.references.drift_reference import divergence_by_integration


@pytest.mark.parametrize(
    ("seen", "clean"),
    [((0.5, 2.0), (0.0, 1.0)), ((0.0, 1.0), (0.5, 2.0)), ((-3.0, 0.04), (-2.9, 0.09))],
)
def test_a_divergence_is_the_integral(seen, clean):
    ours = gaussian_divergence(
        *map(np.array, seen), clean_mean=np.array(clean[0]), clean_variance=np.array(clean[1])
    )
    assert ours == pytest.approx(divergence_by_integration(seen, clean), rel=1e-6)


def test_equal_gaussians_have_none_and_rounding_makes_none_negative():
    mean, variance = np.linspace(-3, 3, 50), np.geomspace(1e-9, 1e9, 50)
    ours = gaussian_divergence(mean, variance, clean_mean=mean, clean_variance=variance)
    assert np.array_equal(ours, np.zeros(50))
    close = gaussian_divergence(
        mean, variance * (1 + 1e-12), clean_mean=mean, clean_variance=variance
    )
    assert close.min() >= 0
