"""Results for Python: runs as frames and tables, reports, comparisons, and figures to change.

Functions take run directories or what `load_run` read, and show themselves in notebooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.reports.baselines import choose_baseline
from robustbench_ln.reports.compare import Pair, compare_modes, pair_modes
from robustbench_ln.reports.compare_images import images_frame
from robustbench_ln.reports.compare_text import cells_frame, pair_text, summary_frame
from robustbench_ln.reports.corruption_figure import draw_corruptions, draw_severities
from robustbench_ln.reports.curve_figure import draw_sigmas
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.families import make_tables
from robustbench_ln.reports.figure_style import KINDS, WIDTH, check_width
from robustbench_ln.reports.paper_figures import PAPER_FIGURES
from robustbench_ln.reports.report import Report, write_report
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.reports.summary import summarise_modes
from robustbench_ln.reports.summary_text import summary_frame as modes_summary
from robustbench_ln.reports.table_html import table_html
from robustbench_ln.reports.tables import Table
from robustbench_ln.reports.terminal import terminal_tables
from robustbench_ln.runs.frame import make_frame, tidy_frame
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.results import ModeResults, find_modes, read_results, split_run
from robustbench_ln.runs.variants import check_naming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Comparison", "Results", "compare", "load_run", "plot_accuracy", "plot_corruptions",
    "plot_figure", "plot_severities", "report",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Results:
    """What one or several runs measured.

    Attributes:
        modes: Every mode of every run, with its cells.
    """

    modes: Sequence[ModeResults]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each cell; see `tidy_frame`."""
        return tidy_frame(make_frame(self.modes))

    @cached_property
    def tables(self) -> list[Table]:
        """A table for each noise and each set of corruptions."""
        return make_tables(self.modes)

    def summary(self, baseline: str = "none") -> pd.DataFrame:
        """Return what each mode comes down to: areas, mean errors, mCE relative to a baseline.

        Args:
            baseline: As `ln-bench report --baseline` takes it.
        """
        return modes_summary(summarise_modes(self.modes, choose_baseline(baseline)))

    def __repr__(self) -> str:
        return terminal_tables(self.tables)

    def _repr_html_(self) -> str:
        return "".join(map(table_html, self.tables))


Runs = Results | str | Path | Sequence[str | Path]
"""What `load_run` read, a run directory, or several."""


def load_run(*paths: str | Path, labels: Sequence[str] = (), names: str = "papers") -> Results:
    """Read one or several runs, side by side.

    Args:
        paths: Run directories of `evaluate` or `ln-bench evaluate`.
        labels: What tables call them, one for each; () takes the labels that they were made with.
        names: What tables and figures call the modes: "papers", as the papers do, or "ids".

    Raises:
        RecordError: No run directory, or a damaged one.
        SpecError: No path, or not as many labels as runs.
    """
    if not paths:
        raise SpecError("no run directory is given; give one or several")
    modes = read_results([Path(path) for path in paths], labels, check_naming(names))
    return Results(read_outcomes(modes))


def _results(runs: Runs) -> Results:
    if isinstance(runs, Results):
        return runs
    return load_run(*([runs] if isinstance(runs, str | Path) else runs))


def report(  # noqa: PLR0913  (one parameter for each setting)
    runs: Runs,
    out: str | Path,
    *,
    baseline: str = "none",
    figures: str | Sequence[str] = "accuracy",
    names: str = "papers",
    formats: str | Sequence[str] = KINDS,
    width: float = WIDTH,
    progress: Progress | None = None,
) -> Report:
    """Write the report of some runs, as `ln-bench report` does.

    Args:
        runs: What `load_run` read, or run directories.
        out: Folder of the report.
        baseline: What mCE is relative to, as `ln-bench report --baseline` takes it.
        figures: Names of the figures to make, "all" or "none".
        names: What tables and figures call the modes: "papers" or "ids".
        formats: Kinds of files of each figure: "png", "svg", "pdf".
        width: Of the figures, in inches.
        progress: Display to report progress to; None shows none.

    Returns:
        The frame, tables, summary and files; `page` is the one to share.

    Raises:
        LnBenchError: Any wrong input, or a file that cannot be written.
    """
    settings = ReportSettings(
        baseline=choose_baseline(baseline),
        figures=[figures] if isinstance(figures, str) else figures,
        names=names,
        formats=[formats] if isinstance(formats, str) else formats,
        width=width,
    )
    return write_report(_results(runs).modes, Path(out), settings, progress=progress or Silent())


@dataclass(frozen=True, eq=False)
class Comparison:
    """Modes or networks compared on the same images, pair by pair.

    Attributes:
        pairs: Each pair: A is what was given first.
    """

    pairs: Sequence[Pair]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each condition: both accuracies, their difference and its interval, tests."""
        return cells_frame(self.pairs)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row for each mean over conditions, and for each number that sums up a curve."""
        return summary_frame(self.pairs)

    @cached_property
    def images(self) -> pd.DataFrame:
        """A row for each image and condition that only one side gets right."""
        return images_frame(self.pairs)

    def __repr__(self) -> str:
        return "\n".join(pair_text(pair, width=80) for pair in self.pairs)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def compare(first: Runs, second: Runs) -> Comparison:
    """Compare two modes or networks on the same images, as `ln-bench compare` does.

    Args:
        first: A run directory, or "RUN:MODE"; or what `load_run` read.
        second: The same, of the other side.

    Raises:
        RecordError: They did not see the same images, or their predictions are gone.
        SpecError: Nothing to compare.
    """
    return Comparison([compare_modes(*pair) for pair in pair_modes(_side(first), _side(second))])


def _side(runs: Runs) -> dict[str, ModeResults]:
    if isinstance(runs, str | Path):
        return find_modes(*split_run(str(runs)))
    return {mode.variant: mode for mode in _results(runs).modes}


def plot_accuracy(runs: Runs, noise: str | None = None, *, width: float = WIDTH) -> Figure:
    """Draw accuracy against the sigma of a noise, with intervals.

    Args:
        runs: What `load_run` read, or run directories.
        noise: Its name, or the name of its table, as "agn_paper_clip"; None where there is one.
        width: In inches.

    Returns:
        A figure of matplotlib, which may be changed before it is saved.
    """
    return _only(_drawings(runs, noise, width), "noise", noise).figure()


def plot_corruptions(runs: Runs, table: str | None = None, *, width: float = WIDTH) -> Figure:
    """Draw accuracy under each corruption, with intervals.

    Args:
        runs: What `load_run` read, or run directories.
        table: Name of the table, as "cifar10-c_generated"; None where there is one.
        width: In inches.
    """
    tables = _results(runs).tables
    found = {t.name: d for t in tables for d in draw_corruptions(t, check_width(width))[:1]}
    return _only(found, "table", table).figure()


def plot_severities(runs: Runs, table: str | None = None, *, width: float = WIDTH) -> Figure:
    """Draw the mean accuracy over the 15 corruptions against severity.

    Args:
        runs: What `load_run` read, or run directories.
        table: Name of the table, as "cifar10-c_generated"; None where there is one.
        width: In inches.
    """
    tables = _results(runs).tables
    found = {t.name: d for t in tables for d in draw_severities(t, check_width(width))}
    return _only(found, "table", table).figure()


def plot_figure(runs: Runs, name: str, *, width: float = WIDTH) -> list[Figure]:
    """Draw a figure of the papers, as `ln-bench report --figures NAME` does.

    Args:
        runs: What `load_run` read, or run directories.
        name: Name of the figure, as "confusion".
        width: In inches.

    Raises:
        SpecError: No such figure, or the runs have nothing for it.
    """
    if name not in PAPER_FIGURES:
        raise unknown_name(name, PAPER_FIGURES, kind="figure")
    figure = PAPER_FIGURES[name]
    pieces = figure.make(_results(runs).tables, check_width(width))
    drawings = [piece for piece in pieces if isinstance(piece, Drawing)]
    if not drawings:
        raise SpecError(f"no figure {name}: {figure.needs}")
    return [drawing.figure() for drawing in drawings]


def _drawings(runs: Runs, noise: str | None, width: float) -> dict[str, Drawing]:
    """Return the curves of each noise by the name of its table, or of the noise if that is one."""
    found = {
        table.name: drawing
        for table in _results(runs).tables
        for drawing in draw_sigmas(table, check_width(width))
    }
    alike = [name for name in found if name.partition("_")[0] == noise]
    return {str(noise): found[alike[0]]} if len(alike) == 1 else found


def _only(found: dict[str, Drawing], kind: str, name: str | None) -> Drawing:
    """Return the drawing that was asked for, or the only one."""
    if not found:
        raise SpecError(f"these runs have no {kind} to draw; measure one with evaluate")
    if name is None and len(found) > 1:
        raise SpecError(f"these runs have {', '.join(found)}; give {setting(kind)} one of them")
    chosen = next(iter(found)) if name is None else name
    if chosen not in found:
        raise unknown_name(chosen, found, kind=kind)
    return found[chosen]
