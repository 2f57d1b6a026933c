"""What mCE is relative to: a published network, a table of errors, or a mode of a run."""

from __future__ import annotations

from pathlib import Path

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.error_files import BASELINES, read_baseline, read_errors
from robustbench_ln.reports.corruption_family import CorruptionFamily
from robustbench_ln.reports.families import clean_of, family_of
from robustbench_ln.reports.summary import Baseline
from robustbench_ln.runs.results import ModeResults, find_modes, split_run

__all__ = ["choose_baseline", "errors_of"]


def choose_baseline(text: str, *, is_percent: bool = False) -> Baseline | None:
    """Return the baseline that --baseline names; None for "none".

    Args:
        text: "none", a published one, FILE.csv, or RUN[:MODE].
        is_percent: Whether the errors of a file are 0..100.

    Raises:
        SpecError: No such baseline, or a run of several modes without one named.
        RecordError: The file or run cannot be read.
    """
    if text == "none":
        return None
    if text in BASELINES:
        return read_baseline(text)
    if text.endswith(".csv"):
        return read_errors(Path(text), is_percent=is_percent)
    path, mode = split_run(text)
    if not path.is_dir():
        raise unknown_name(text, ("none", *BASELINES), kind="baseline", listed="baselines")
    found = find_modes(path, mode)
    if len(found) > 1:
        first = next(iter(found))
        raise SpecError(
            f"{setting('baseline', text)}: the run has {', '.join(found)}; name one, as "
            f"{path}:{first}"
        )
    return next(iter(found.values()))


def errors_of(mode: ModeResults) -> CorruptionErrors:
    """Return the errors of a mode under the common corruptions, as a table of errors."""
    errors = {condition: 1 - cell.accuracy for condition, cell in mode.cells.items()}
    clean = clean_of(errors)
    return CorruptionErrors(
        name=mode.name,
        cells={
            (condition.corruption, int(condition.severity)): error
            for condition, error in errors.items()
            if not condition.is_clean and isinstance(family_of(condition), CorruptionFamily)
        },
        clean=None if clean is None else errors[clean],
    )
