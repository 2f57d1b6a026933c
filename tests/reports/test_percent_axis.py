"""The axis of accuracies: what its ticks reach, and what the legend says of it."""

from __future__ import annotations

from pathlib import Path

from robustbench_ln.metrics.intervals import Estimate, Interval
from robustbench_ln.reports.percent_axis import PercentAxis
from tests.reports.synthetic_runs import agn, make_record, tables_of


def test_what_is_not_drawn_is_not_named(tmp_path: Path) -> None:
    (table,) = tables_of(tmp_path, [make_record("bn"), agn("bn", 0.5, 300)])
    both = PercentAxis(table, [0, 50, 100], has_intervals=True)
    assert [entry.name for entry in both.notes()] == ["95 % Wilson interval", "chance"]
    assert [entry.name for entry in both.notes(has_means=True)] == ["95 % interval", "chance"]
    assert PercentAxis(table, [20, 60, 100]).notes() == []


def test_the_axis_reaches_values_and_the_ends_of_intervals(tmp_path: Path) -> None:
    (table,) = tables_of(tmp_path, [make_record("bn"), agn("bn", 0.5, 300)])
    shown = [Estimate(0.7, Interval(0.62, 0.91)), None, Estimate(0.8, None)]
    axis = PercentAxis.of(table, shown)
    assert (axis.ticks[0], axis.ticks[-1], axis.has_intervals) == (60, 100, True)
    assert PercentAxis.of(table, shown, from_zero=True).ticks[0] == 0
    assert not PercentAxis.of(table, shown[1:]).has_intervals
