"""What is asked of a report, checked once and passed whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from robustbench_ln.reports.figure_style import KINDS, WIDTH, Kind, check_formats, check_width
from robustbench_ln.reports.paper_figures import ACCURACY, choose_figures
from robustbench_ln.reports.summary import Baseline
from robustbench_ln.runs.variants import Naming, check_naming

__all__ = ["ReportSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """What is asked of a report.

    Attributes:
        baseline: What mCE is relative to; None gives the mean error alone.
        figures: Names of the figures to make, "all" or "none".
        names: What tables and figures call the modes: "papers", as the papers do, or "ids".
        formats: Kinds of files of each figure: "png", "svg", "pdf".
        width: Of the figures, in inches.

    Raises:
        SpecError: An unknown figure, format or naming, or a width that no figure can have.
    """

    baseline: Baseline | None = None
    figures: Sequence[str] = (ACCURACY,)
    names: str = "papers"
    formats: Sequence[str] = KINDS
    width: float = WIDTH

    def __post_init__(self) -> None:
        """Check every value."""
        _ = self.chosen, self.naming, self.kinds, check_width(self.width)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The figures by name, in the order of the report."""
        return choose_figures(self.figures)

    @property
    def naming(self) -> Naming:
        """What modes are called."""
        return check_naming(self.names)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Each kind of files once."""
        return check_formats(self.formats)
