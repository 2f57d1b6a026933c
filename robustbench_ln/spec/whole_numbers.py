"""Whole numbers that Python and NumPy give: seeds, workers, fields of a spec."""

from __future__ import annotations

import operator
from typing import Any

from robustbench_ln.errors import SpecError, setting

__all__ = ["check_seed", "check_whole_numbers", "check_workers"]

MOST_WORKERS = 1_000
"""More than any machine has use for."""


def check_whole_numbers(spec: object, *names: str) -> None:
    """Make fields of a frozen spec plain ints, whichever integers they are; None stays.

    NumPy's integers would end in a record as JSON cannot hold them.

    Raises:
        SpecError: A field is no whole number.
    """
    for name in names:
        value = getattr(spec, name)
        if value is not None:
            whole = _whole_number(value, name)
            object.__setattr__(spec, name, whole)


def check_seed(seed: int) -> int:
    """Return the seed as a plain int.

    Raises:
        SpecError: No whole number, or out of range.
    """
    whole = _whole_number(seed, "seed")
    if not 0 <= whole < 2**63:
        raise SpecError(f"{setting('seed')} is {whole}; expected 0 to {2**63 - 1:,}")
    return whole


def check_workers(workers: int | None) -> int | None:
    """Return the number of workers as a plain int; None is as many as are worth their start.

    Raises:
        SpecError: No whole number, or out of range.
    """
    whole = None if workers is None else _whole_number(workers, "workers")
    if whole is not None and not 1 <= whole <= MOST_WORKERS:
        raise SpecError(f"{setting('workers')} is {whole}; expected 1 to {MOST_WORKERS:,}")
    return whole


def _whole_number(value: Any, name: str) -> int:
    try:
        return int(operator.index(value))
    except TypeError as error:
        raise SpecError(f"{setting(name)} is {value}; expected a whole number") from error
