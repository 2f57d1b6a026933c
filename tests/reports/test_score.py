"""Votes counted again: intervals rest on the statistics sets of the mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.metrics.student import mean_bounds
from robustbench_ln.metrics.units import find_units
from robustbench_ln.reports.score import Count, score_frame, score_mode, voting_modes
from robustbench_ln.runs.results import read_results

RUN = Path(__file__).parents[1] / "golden" / "schema_1"


def test_intervals_are_of_sets_and_not_of_images() -> None:
    (mode,) = voting_modes(read_results([RUN]))
    scores = score_mode(mode)
    frame = score_frame([(mode, scores)])
    by_image = []
    for row in frame.itertuples():
        (score,) = [
            score
            for condition, score in scores.items()
            if (condition.corruption, condition.severity) == (row.corruption, row.severity)
        ]
        correct = score.correct[Count(row.votes, row.tie_rule)]
        assert (row.low, row.high) == pytest.approx(
            mean_bounds(correct, find_units(10, [mode.set_size])).pick()
        )
        by_image.append(mean_bounds(correct, find_units(10, [1])).pick() != (row.low, row.high))
    assert mode.set_size == 4
    assert any(by_image)
