"""The demo's sentence says what was measured, for every outcome."""

from __future__ import annotations

import pandas as pd
import pytest

from robustbench_ln.demo import describe_outcome
from robustbench_ln.errors import RecordError


def frame(bn: float, dynamic: float, votes: float) -> pd.DataFrame:
    """Rows at sigma 1 whose intervals are two points wide on both sides, beside other rows."""
    modes = {"bn": bn, "dbn-batch": dynamic, "ln-voting": votes}
    sizes = {"bn": None, "dbn-batch": 128, "ln-voting": 10}
    rows = [
        {
            "mode": mode,
            "severity": severity,
            "total": 1000,
            "accuracy": share,
            "set_size": sizes[mode],
        }
        for mode, value in modes.items()
        for severity, share in ((0.0, 0.99), (1.0, value))
    ]
    made = pd.DataFrame(rows)
    return made.assign(low=made["accuracy"] - 0.02, high=made["accuracy"] + 0.02)


def test_localnorm_is_better_than_one_and_like_the_other():
    assert describe_outcome(frame(0.24, 0.953, 0.951)) == (
        "At sigma 1 BatchNorm reads 24.0% [22.0, 26.0] of 1,000 digits with the statistics of "
        "training and 95.3% [93.3, 97.3] with those of the test images (Dynamic BN-Batch), "
        "LocalNorm 95.1% [93.1, 97.1] (LN-Voting): better than BatchNorm, overlapping with "
        "Dynamic BN-Batch "
        "(by 95 % intervals that overlap or not; `ln-bench compare` tests the same digits in "
        "pairs). 128 digits share statistics in Dynamic BN-Batch, 10 in LN-Voting."
    )


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ((0.9, 0.95, 0.5), "worse than BatchNorm, worse than Dynamic BN-Batch"),
        ((0.5, 0.9, 0.95), "better than BatchNorm, better than Dynamic BN-Batch"),
        ((0.95, 0.5, 0.94), "overlapping with BatchNorm, better than Dynamic BN-Batch"),
    ],
)
def test_other_outcomes_are_said(accuracies, verdict):
    assert f": {verdict} (" in describe_outcome(frame(*accuracies))


def test_missing_rows_are_refused():
    with pytest.raises(RecordError, match="0 rows of bn at sigma 3"):
        describe_outcome(frame(0.5, 0.5, 0.5), severity=3.0)
