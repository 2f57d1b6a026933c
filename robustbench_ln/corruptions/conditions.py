"""From what a user writes to conditions, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.corruptions.contract import Corruption
from robustbench_ln.corruptions.localnorm_noise import NOISES, RELEASED_SIGMAS
from robustbench_ln.corruptions.registry import CORRUPTIONS, find_corruption
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import find_entry, unknown_name
from robustbench_ln.spec import CLEAN, Condition

__all__ = ["corruption_conditions", "noise_conditions", "parse_severities", "parse_sigmas"]

CONVENTIONS = ("paper", "released")
RANGES = ("clip", "rescale", "none")
_UNSCALED_SOURCES = ("mnist", "fashion-mnist", "cars", "demo")
"""Kinds of sources whose noisy images the released code does not rescale; demo: is of MNIST."""

_MOST_SIGMAS = 10_000
_LARGEST_SIGMA = 1000
"""Of any noise: the papers end at 5, float32 and the counts of APN much later."""


def noise_conditions(
    noises: Sequence[str],
    *,
    convention: str = "paper",
    pixel_range: str | None = None,
    sigmas: Sequence[float] | None = None,
    source_kind: str = "arrays",
) -> tuple[Condition, ...]:
    """Return the conditions of LocalNorm noises; sigma 0 is the clean condition, which is first.

    Args:
        noises: "agn", "apn", "mbn", "agn-neg", "apn-add", "agn-additive".
        convention: "paper" or "released".
        pixel_range: "clip", "rescale" or "none"; None is the convention's own.
        sigmas: The same for every noise; None is the released list of each.
        source_kind: Kind of the data source: the released code rescales CIFAR, not MNIST and Cars.

    Raises:
        SpecError: An unknown noise, convention or range, a noise that the convention does not
            have, or a sigma out of range.
    """
    find_entry(dict.fromkeys(CONVENTIONS), convention, kind="convention")
    if pixel_range is None:
        rescales = convention == "released" and source_kind not in _UNSCALED_SOURCES
        released_range = "rescale" if rescales else "none"
        pixel_range = "clip" if convention == "paper" else released_range
    find_entry(dict.fromkeys(RANGES), pixel_range, kind="range")
    conditions = [CLEAN]
    for noise in dict.fromkeys(noises):
        entry = _find_noise(noise, convention)
        for sigma in RELEASED_SIGMAS[noise] if sigmas is None else sigmas:
            _check_sigma(entry, sigma)
            if sigma > 0:
                conditions.append(
                    Condition(
                        corruption=noise,
                        severity=float(sigma),
                        convention=convention,
                        range=pixel_range,
                    )
                )
    return tuple(dict.fromkeys(conditions))


def corruption_conditions(
    names: Sequence[str],
    *,
    severity_table: str | None,
    severities: Sequence[float],
) -> tuple[Condition, ...]:
    """Return the conditions of common corruptions, without the clean one and the kind of frost.

    Args:
        names: Corruptions, or the name of a severity table for all 19 with that table.
        severity_table: "cifar10-c" or "imagenet-c"; needed for bare names, and then for all.
        severities: 1-5.

    Raises:
        SpecError: An unknown corruption or table, a bare name without a table, two tables, or a
            severity that the table does not have.
    """
    if severity_table is not None:
        find_entry(SEVERITY_TABLES, severity_table, kind="severity table")
    if wrong := [s for s in severities if s not in SEVERITIES]:
        raise SpecError(f"severity {wrong[0]}: expected 1 to {len(SEVERITIES)}")
    conditions = []
    for name in names:
        table = name if name in SEVERITY_TABLES else severity_table
        if table is None:
            find_corruption(name)
            raise SpecError(
                f"corruption '{name}' needs "
                f"{setting('severity_table')} {' or '.join(SEVERITY_TABLES)}: the same severity "
                "means different parameters in the two"
            )
        if severity_table not in (None, table):
            raise SpecError(
                f"'{name}' is all corruptions of that table; leave {setting('severity_table')} out"
            )
        chosen = CORRUPTIONS if name in SEVERITY_TABLES else [find_corruption(name).name]
        conditions += [
            Condition(
                corruption=corruption,
                severity=float(severity),
                severity_table=table,
            )
            for corruption in chosen
            for severity in sorted(set(severities))
        ]
    return tuple(dict.fromkeys(conditions))


def parse_severities(text: str) -> tuple[int, ...]:
    """Return the severities of "1-5", "1,3,5" or "5".

    >>> parse_severities("1-3,5")
    (1, 2, 3, 5)

    Raises:
        SpecError: Not whole numbers, or outside 1-5.
    """
    chosen: list[int] = []
    numbers = f"numbers of {SEVERITIES[0]} to {SEVERITIES[-1]}, as 1-5 or 1,3,5"
    for part in text.split(","):
        first, dash, last = part.partition("-")
        ends = (first, last) if dash else (first, first)
        if not all(end.strip().isdecimal() for end in ends):
            raise SpecError(f"{setting('severities', text)}: expected {numbers}")
        chosen += range(int(ends[0]), int(ends[1]) + 1)
    if not chosen or not set(chosen) <= set(SEVERITIES):
        raise SpecError(f"{setting('severities', text)}: expected {numbers}")
    return tuple(dict.fromkeys(chosen))


def _find_noise(noise: str, convention: str) -> Corruption:
    names = {name for name, _ in NOISES}
    if noise not in names:
        raise unknown_name(noise, sorted(names), kind="noise", listed="noises")
    if (noise, convention) not in NOISES:
        other = next(c for c in CONVENTIONS if (noise, c) in NOISES)
        raise SpecError(
            f"noise '{noise}' does not exist in the convention '{convention}'; use "
            f"{setting('convention', other)}"
        )
    return NOISES[noise, convention]


def _check_sigma(noise: Corruption, sigma: float) -> None:
    """Demand a sigma that can be computed with, and a probability where it is one."""
    if not 0 <= sigma <= _LARGEST_SIGMA:
        raise SpecError(
            f"sigma {sigma:g} of {noise.name}: expected 0 or more, at most {_LARGEST_SIGMA}"
        )
    if noise.is_probability and sigma > 1:
        raise SpecError(f"sigma {sigma:g} of {noise.name}: it is a probability, expected 0..1")


def parse_sigmas(text: str) -> tuple[float, ...]:
    """Return the sigmas of "0,0.5,1" or "0:2:0.25" (start:stop:step, stop included).

    >>> parse_sigmas("0:0.5:0.1")
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)

    Raises:
        SpecError: Not numbers, a step of 0 or less, or a stop before the start.
    """
    hint = "expected numbers as 0,0.5,1 or start:stop:step as 0:2:0.25"
    try:
        if ":" not in text:
            return tuple(float(Decimal(part)) for part in text.split(","))
        start, stop, step = (Decimal(part) for part in text.split(":"))
        if not step > 0 or stop < start or not stop.is_finite():
            raise SpecError(
                f"{setting('sigmas', text)}: the step must be above 0 and the stop not below it"
            )
        count = int((stop - start) / step) + 1
    except (InvalidOperation, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(f"{setting('sigmas', text)}: {hint}") from error
    if count > _MOST_SIGMAS:
        raise SpecError(
            f"{setting('sigmas', text)}: {count} values; expected at most {_MOST_SIGMAS}"
        )
    return tuple(float(start + index * step) for index in range(count))
