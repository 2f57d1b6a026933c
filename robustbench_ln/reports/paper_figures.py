"""The figures and tables of the papers, by the names of `ln-bench report --figures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.reports.bars_figure import BARS
from robustbench_ln.reports.clean_table import CLEAN_TABLE
from robustbench_ln.reports.confusion_figure import CONFUSION
from robustbench_ln.reports.cost_figure import COST
from robustbench_ln.reports.drawings import PaperFigure
from robustbench_ln.reports.histogram_figure import HISTOGRAM
from robustbench_ln.reports.images_figure import IMAGES
from robustbench_ln.reports.reliability_figure import RELIABILITY
from robustbench_ln.reports.spread_figure import SPREAD
from robustbench_ln.reports.sweep_figure import SWEEP
from robustbench_ln.reports.votes_figure import VOTES

__all__ = ["ACCURACY", "PAPER_FIGURES", "choose_figures"]

ACCURACY = "accuracy"
"""The figures beside each table, which a report has unless others are asked for."""

PAPER_FIGURES: Mapping[str, PaperFigure] = MappingProxyType(
    {
        figure.name: figure
        for figure in (
            CLEAN_TABLE, IMAGES, HISTOGRAM, CONFUSION, BARS, COST, VOTES, RELIABILITY, SPREAD,
            SWEEP,
        )
    }
)  # fmt: skip


def choose_figures(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the figures to make, in the order of the report.

    Args:
        names: "all" or "none" alone, or names.

    Raises:
        SpecError: An unknown name, no name, or "all" or "none" beside others.
    """
    known = (ACCURACY, *PAPER_FIGURES)
    for name in names:
        if name not in ("all", "none", *known):
            raise unknown_name(name, ("all", "none", *known), kind="figure")
        if name in ("all", "none") and len(names) > 1:
            raise SpecError(f"{setting('figures', name)} stands alone; or list the figures")
    if not names:
        raise SpecError(f"{setting('figures')} is empty; give all, none or {', '.join(known)}")
    if names[0] == "none":
        return ()
    return known if names[0] == "all" else tuple(name for name in known if name in names)
