"""Errors over the common corruptions, as the field sums them up.

Source: Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common
corruptions and perturbations", section 4.2: CE is a ratio of sums over the severities, not a mean
of ratios; mCE is its mean over the 15 corruptions. For CIFAR the field calls the mean error
itself "mCE"; here that is the mean error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS, SEVERITIES
from robustbench_ln.errors import RecordError, setting

__all__ = [
    "MEAN_ROW",
    "CorruptionErrors",
    "ErrorSums",
    "SummaryRow",
    "corruption_error",
    "mean_corruption_error",
    "published_sums",
    "relative_corruption_error",
    "relative_mean_corruption_error",
    "summarise_errors",
]

MEAN_ROW = f"mean of the {len(BENCHMARK_CORRUPTIONS)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptionErrors:
    """Errors of one network.

    Attributes:
        name: Name, for messages.
        cells: (corruption, severity) -> error, 0..1.
        means: Corruption -> its mean over the five severities, where nothing else was published.
        clean: Error on clean images, or None.
        benchmark: The severity table that they were measured on; None where nobody says it.
    """

    name: str
    cells: Mapping[tuple[str, int], float]
    means: Mapping[str, float] = field(default_factory=dict)
    clean: float | None = None
    benchmark: str | None = None

    def is_of(self, severity_table: str | None) -> bool:
        """Whether errors under a severity table may be divided by these."""
        return self.benchmark is None or self.benchmark == severity_table

    def sum_of(self, corruption: str) -> float | None:
        """Return the sum over the five severities; None where one is missing."""
        if corruption in self.means:
            return len(SEVERITIES) * self.means[corruption]
        known = [self.cells.get((corruption, severity)) for severity in SEVERITIES]
        return None if None in known else math.fsum(error for error in known if error is not None)

    def missing_cells(self) -> list[str]:
        """Return the cells of the benchmark that were not measured: "fog 3"."""
        return [
            f"{corruption} {severity}"
            for corruption in BENCHMARK_CORRUPTIONS
            for severity in SEVERITIES
            if corruption not in self.means and (corruption, severity) not in self.cells
        ]


def corruption_error(
    errors: CorruptionErrors, baseline: CorruptionErrors, corruption: str
) -> float | None:
    """Return CE = sum over severities of E(network) / sum of E(baseline); None if one is missing.

    Raises:
        RecordError: The baseline makes no error.
    """
    above, below = errors.sum_of(corruption), baseline.sum_of(corruption)
    if above is None or below is None:
        return None
    return _ratio(above, below, f"{baseline.name} makes no error under {corruption}")


def relative_corruption_error(
    errors: CorruptionErrors, baseline: CorruptionErrors, corruption: str
) -> float | None:
    """Return relative CE: of the rise above the clean error; None if something is missing.

    Raises:
        RecordError: The baseline's error does not change under the corruption.
    """
    above, below = _rise(errors, corruption), _rise(baseline, corruption)
    if above is None or below is None:
        return None
    return _ratio(above, below, f"{baseline.name} makes as many errors under {corruption} as clean")


def _rise(errors: CorruptionErrors, corruption: str) -> float | None:
    total = errors.sum_of(corruption)
    if total is None or errors.clean is None:
        return None
    return total - len(SEVERITIES) * errors.clean


def _ratio(above: float, below: float, what: str) -> float:
    if math.isclose(below, 0.0, abs_tol=_NO_ERROR):
        raise RecordError(
            f"{what}: the ratio to it is undefined; choose another {setting('baseline')}"
        )
    return above / below


class ErrorSums(NamedTuple):
    """Errors of the 15 corruptions: of one measurement, of many, or of each of its images.

    Attributes:
        by_corruption: [..., 15], sum over the five severities.
        clean: [...], or None.
    """

    by_corruption: NDArray[np.float64]
    clean: NDArray[np.float64] | None

    def above_clean(self) -> NDArray[np.float64]:
        """Return [..., 15]: the rises above the clean error, which must be there."""
        assert self.clean is not None
        return self.by_corruption - len(SEVERITIES) * self.clean[..., None]


def published_sums(errors: CorruptionErrors) -> ErrorSums | None:
    """Return the sums of a table of errors; None where one of the 15 is not whole."""
    known = [errors.sum_of(name) for name in BENCHMARK_CORRUPTIONS]
    if None in known:
        return None
    sums = np.array([total for total in known if total is not None])
    return ErrorSums(sums, None if errors.clean is None else np.array(errors.clean))


def mean_corruption_error(errors: ErrorSums, baseline: ErrorSums) -> NDArray[np.float64]:
    """Return mCE, [...]: the mean over the 15 of the ratios of sums. NaN or inf where one is 0 / 0.

    Raises:
        RecordError: The baseline makes no error at all under a corruption.
    """
    return _mean_ratio(errors.by_corruption, baseline.by_corruption)


def relative_mean_corruption_error(errors: ErrorSums, baseline: ErrorSums) -> NDArray[np.float64]:
    """Return relative mCE, [...]: of the rises above the clean error, which both must have.

    Raises:
        RecordError: The baseline makes as many errors under a corruption as clean.
    """
    return _mean_ratio(errors.above_clean(), baseline.above_clean())


def _mean_ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    if not (np.abs(below) > _NO_ERROR).any(axis=tuple(range(below.ndim - 1))).all():
        raise RecordError(
            "the baseline makes no (or no further) error under a corruption: the ratio to it is "
            f"undefined; choose another {setting('baseline')}"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((above / below).mean(axis=-1))


_NO_ERROR = 1e-12


class SummaryRow(NamedTuple):
    """A corruption, or the mean of the 15. None stands for what was not measured.

    Attributes:
        name: Name of the corruption, or `MEAN_ROW`.
        by_severity: Error at severity 1..5, 0..1.
        mean: Over the five severities.
        ce: Corruption error, 1 for the baseline itself; mCE in the mean's row.
        relative_ce: The same of the rise above the clean error.
    """

    name: str
    by_severity: tuple[float | None, ...]
    mean: float | None
    ce: float | None
    relative_ce: float | None


def summarise_errors(
    errors: CorruptionErrors, baseline: CorruptionErrors | None
) -> list[SummaryRow]:
    """Return the 15 corruptions, their mean, and those of the extra 4 that were measured.

    Each mean is None unless all that it is over was measured.

    Raises:
        RecordError: The baseline makes no error somewhere.
    """
    fifteen = [_summary_row(errors, baseline, name) for name in BENCHMARK_CORRUPTIONS]
    mean = SummaryRow(
        MEAN_ROW,
        tuple(map(_mean, zip(*(row.by_severity for row in fifteen), strict=True))),
        _mean(row.mean for row in fifteen),
        _mean(row.ce for row in fifteen),
        _mean(row.relative_ce for row in fifteen),
    )
    extra = [_summary_row(errors, baseline, name) for name in EXTRA_CORRUPTIONS]
    return [*fifteen, mean, *(row for row in extra if {row.mean, *row.by_severity} != {None})]


def _summary_row(
    errors: CorruptionErrors, baseline: CorruptionErrors | None, name: str
) -> SummaryRow:
    total = errors.sum_of(name)
    return SummaryRow(
        name,
        tuple(errors.cells.get((name, severity)) for severity in SEVERITIES),
        None if total is None else total / len(SEVERITIES),
        None if baseline is None else corruption_error(errors, baseline, name),
        None if baseline is None else relative_corruption_error(errors, baseline, name),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if None in known else fmean(value for value in known if value is not None)
