"""One sentence on what the demo measured, whatever that is."""

from __future__ import annotations

import pandas as pd

from robustbench_ln.errors import RecordError, setting
from robustbench_ln.modes import MODES

__all__ = ["describe_outcome"]


def describe_outcome(frame: pd.DataFrame, *, severity: float = 1.0) -> str:
    """Return how LocalNorm's votes stand to BatchNorm, with both kinds of statistics.

    Args:
        frame: Rows of both runs, as `make_frame` has them.
        severity: Sigma that is spoken of.

    Raises:
        RecordError: No such rows.
    """
    rows = {mode: _row(frame, mode, severity) for mode in ("bn", "dbn-batch", "ln-voting")}
    batch, voting = MODES["dbn-batch"].title, MODES["ln-voting"].title
    return (
        f"At sigma {severity:g} BatchNorm reads {_share(rows['bn'])} of {rows['bn']['total']:,} "
        "digits with the statistics of training and "
        f"{_share(rows['dbn-batch'])} with those of the test images ({batch}), LocalNorm "
        f"{_share(rows['ln-voting'])} ({voting}): {_stand(rows, 'bn')}, "
        f"{_stand(rows, 'dbn-batch')} (by 95 % intervals that overlap or not; `ln-bench compare` "
        f"tests the same digits in pairs). {rows['dbn-batch']['set_size']:.0f} digits share "
        f"statistics in {batch}, {rows['ln-voting']['set_size']:.0f} in {voting}."
    )


def _row(frame: pd.DataFrame, mode: str, severity: float) -> pd.Series:
    rows = frame[(frame["mode"] == mode) & (frame["severity"] == severity)]
    if len(rows) != 1:
        raise RecordError(
            f"the demo's runs have {len(rows)} rows of {mode} at sigma {severity:g}; give "
            f"{setting('out')} a new folder"
        )
    return rows.iloc[0]


def _share(row: pd.Series) -> str:
    return f"{row['accuracy']:.1%} [{row['low'] * 100:.1f}, {row['high'] * 100:.1f}]"


def _stand(rows: dict[str, pd.Series], mode: str) -> str:
    """Return how the interval of the votes lies to that of a mode of BatchNorm."""
    votes, other = rows["ln-voting"], rows[mode]
    if votes["low"] > other["high"]:
        return f"better than {MODES[mode].title}"
    words = "worse than" if votes["high"] < other["low"] else "overlapping with"
    return f"{words} {MODES[mode].title}"
