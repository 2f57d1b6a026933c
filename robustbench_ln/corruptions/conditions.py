"""From what a user writes to conditions, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence

from robustbench_ln.corruption_names import CONVENTIONS, RANGES, SEVERITIES, check_sigma
from robustbench_ln.corruptions.contract import Corruption
from robustbench_ln.corruptions.localnorm_noise import NOISES, RELEASED_SIGMAS
from robustbench_ln.corruptions.registry import CORRUPTIONS, find_corruption
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import find_entry, unknown_name
from robustbench_ln.spec import CLEAN, Condition

__all__ = ["corruption_conditions", "noise_conditions"]

_UNSCALED_SOURCES = ("mnist", "fashion-mnist", "cars", "demo")
"""Kinds of sources whose noisy images the released code does not rescale; demo: is of MNIST."""


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
            check_sigma(entry.name, sigma)
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
        raise SpecError(f"severity {wrong[0]:g}: expected 1 to {len(SEVERITIES)}")
    conditions = []
    for name in names:
        table = name if name in SEVERITY_TABLES else severity_table
        if table is None:
            find_corruption(name)
            raise SpecError(
                f"corruption '{name}' needs "
                f"{setting('severity_table')} {' or '.join(SEVERITY_TABLES)}: the same severity "
                "has different parameters in each"
            )
        if severity_table not in (None, table):
            raise SpecError(
                f"'{name}' already names the severity table; leave {setting('severity_table')} out"
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


def _find_noise(noise: str, convention: str) -> Corruption:
    names = dict.fromkeys(name for name, _ in NOISES)
    if noise not in names:
        raise unknown_name(noise, names, kind="noise", listed="noises")
    if (noise, convention) not in NOISES:
        other = next(c for c in CONVENTIONS if (noise, c) in NOISES)
        raise SpecError(
            f"noise '{noise}' does not exist in the convention '{convention}'; use "
            f"{setting('convention', other)}"
        )
    return NOISES[noise, convention]
