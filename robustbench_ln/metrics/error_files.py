"""Tables of errors as CSV files, and the published baselines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS, SEVERITIES
from robustbench_ln.errors import RecordError, SpecError, setting
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.lookup import find_entry, unknown_name
from robustbench_ln.metrics.corruption_error import CorruptionErrors

__all__ = ["BASELINES", "Baseline", "find_doubts", "read_baseline", "read_errors"]

_COLUMNS = ("corruption", "severity", "error")
_CLEAN = "clean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A network whose published errors others are divided by.

    Attributes:
        benchmark: The severity table that it was measured on.
        num_classes: Number of classes of the network.
        source: Where its errors were published.
    """

    benchmark: str
    num_classes: int
    source: str


BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "alexnet": Baseline(
            benchmark="imagenet-c",
            num_classes=1000,
            source="README of hendrycks/robustness, errors at every severity",
        ),
        "wrn-40-2": Baseline(
            benchmark="cifar10-c",
            num_classes=10,
            source="facebookresearch/augmentation-corruption, means over the severities",
        ),
    }
)


def read_baseline(name: str) -> CorruptionErrors:
    """Return the errors of a published baseline.

    Raises:
        SpecError: No such baseline.
    """
    baseline = find_entry(BASELINES, name, kind="baseline", listed="baselines")
    text = (files("robustbench_ln.metrics") / "baselines" / f"{name}.csv").read_text(
        encoding="utf-8"
    )
    errors = _parse(text.splitlines(), name=name, where=name, is_percent=False)
    return replace(errors, benchmark=baseline.benchmark)


def read_errors(path: Path, *, is_percent: bool) -> CorruptionErrors:
    """Return the errors of a CSV file with the columns corruption, severity, error.

    The clean images are `clean,0,ERROR`. A severity `mean` gives a corruption's mean over all five.
    Semicolons and tabs separate columns too; with them, decimals may have a comma.

    Args:
        path: The file.
        is_percent: Whether its errors are 0..100; else 0..1.

    Raises:
        RecordError: Not such a file; the message names the line.
        SpecError: An unknown corruption.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise RecordError(f"{path} cannot be read ({reason}); give a CSV file") from error
    return _parse(text.splitlines(), name=path.name, where=str(path), is_percent=is_percent)


def _parse(lines: Iterable[str], *, name: str, where: str, is_percent: bool) -> CorruptionErrors:
    lines = [line for line in lines if line.strip()]
    separator = _separator(lines[0]) if lines else ","
    names, rows = _read_rows(lines, separator, where)
    if missing := [column for column in _COLUMNS if column not in names]:
        raise RecordError(
            f"{where} has no column '{missing[0]}'; its first line must name corruption, severity, "
            "error, with commas, semicolons or tabs between them"
        )
    cells: dict[tuple[str, str], float] = {}
    for number, row in enumerate(rows, start=2):
        place = f"{where}, row {number}"
        corruption, severity, error = ((row[column] or "").strip() for column in _COLUMNS)
        key = _key(corruption, severity.removesuffix(".0"), place)
        if key in cells:
            raise RecordError(f"{place}: {key[0]} {key[1]} is listed twice; keep one")
        if separator != ",":
            error = error.replace(",", ".")
        cells[key] = _error(error, place, is_percent=is_percent)
    if not cells:
        raise RecordError(f"{where} holds no errors; give a row for each corruption and severity")
    means = {corruption: value for (corruption, level), value in cells.items() if level == "mean"}
    by_severity = {
        (corruption, int(level)): value
        for (corruption, level), value in cells.items()
        if level != "mean" and corruption != _CLEAN
    }
    if both := sorted({corruption for corruption, _ in by_severity} & set(means)):
        raise RecordError(f"{where}: {both[0]} has a mean and severities of its own; keep one")
    return CorruptionErrors(
        name=name, cells=by_severity, means=means, clean=cells.get((_CLEAN, "0"))
    )


def _read_rows(
    lines: list[str], separator: str, where: str
) -> tuple[Sequence[str], list[dict[str, str | None]]]:
    """Return the names of the columns, and the rows."""
    table = csv.DictReader(lines, skipinitialspace=True, delimiter=separator)
    try:
        return table.fieldnames or (), list(table)
    except csv.Error as error:
        raise RecordError(f"{where} cannot be read ({error}); give a CSV file") from error


def _separator(header: str) -> str:
    """Return what stands most often in the first line."""
    return max(",;\t", key=header.count)


def find_doubts(errors: CorruptionErrors, *, is_percent: bool) -> list[str]:
    """Return why a table may hold something else than errors on this scale.

    Args:
        errors: The table.
        is_percent: Whether it was read as 0..100.
    """
    corrupted = [*errors.cells.values(), *errors.means.values()]
    values = corrupted if errors.clean is None else [*corrupted, errors.clean]
    doubts = []
    if is_percent and values and max(values) <= 0.01:
        doubts.append(
            f"{errors.name}: no value is above 1, so that all errors are below 1 %: these look "
            f"like shares of 0..1. Leave out {setting('is_percent', True)}"
        )
    if errors.clean is not None and corrupted and _is_largest(errors.clean, corrupted):
        doubts.append(
            f"{errors.name}: the clean images have the largest error, so that these look like "
            "accuracies. Give errors: 1 - accuracy, or 100 - accuracy in percent"
        )
    elif _falls_with_severity(errors):
        doubts.append(
            f"{errors.name}: under most corruptions the error falls with the severity, so that "
            "these look like accuracies. Give errors: 1 - accuracy, or 100 - accuracy in percent"
        )
    return doubts


def _is_largest(clean: float, corrupted: Sequence[float]) -> bool:
    return clean >= max(corrupted) and clean > min(corrupted)


def _falls_with_severity(errors: CorruptionErrors) -> bool:
    low, high = min(SEVERITIES), max(SEVERITIES)
    names = {name for name, severity in errors.cells if severity == low}
    ends = [
        (errors.cells[n, low], errors.cells[n, high]) for n in names if (n, high) in errors.cells
    ]
    return sum(last < first for first, last in ends) > len(ends) / 2


def _key(corruption: str, severity: str, place: str) -> tuple[str, str]:
    known = (_CLEAN, *BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)
    if corruption not in known:
        raise SpecError(f"{place}: {unknown_name(corruption, known, kind='corruption')}")
    expected = ("0",) if corruption == _CLEAN else ("mean", *map(str, SEVERITIES))
    if severity not in expected:
        raise RecordError(
            f"{place}: {corruption} has severity '{severity}'; expected "
            f"{'0' if corruption == _CLEAN else '1 to 5, or mean'}"
        )
    return corruption, severity


def _error(text: str, place: str, *, is_percent: bool) -> float:
    most = 100 if is_percent else 1
    try:
        value = float(text)
    except ValueError as error:
        raise RecordError(f"{place}: error '{text}' is not a number") from error
    if not 0 <= value <= most:
        hint = "" if is_percent else f"; for errors in percent give {setting('is_percent', True)}"
        raise RecordError(f"{place}: error {text} is not in 0..{most}{hint}")
    return value / most
