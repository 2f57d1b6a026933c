"""The calibration error of a few predictions, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.metrics.calibration import calibration_error


def test_a_bin_counts_by_its_images_and_the_gap_of_their_means():
    """Two in the bin up to 10 / 15, one of them right; three in the last bin, all of them."""
    confidence = np.array([0.61, 0.65, 0.95, 0.97, 0.99])
    correct = np.array([True, False, True, True, True])
    expected = 2 / 5 * abs(0.63 - 0.5) + 3 / 5 * abs(0.97 - 1)
    assert calibration_error(confidence, correct) == pytest.approx(expected)


def test_opposite_gaps_of_two_bins_do_not_cancel_and_those_of_one_do():
    assert calibration_error(np.array([0.5, 1.0]), np.array([True, False])) == 0.75
    assert calibration_error(np.array([0.5, 0.5]), np.array([True, False])) == 0


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_the_ends_have_a_bin(confidence):
    certain = np.full(4, confidence)
    assert calibration_error(certain, certain == 1) == 0
    assert calibration_error(certain, certain == 0) == 1
