"""What is asked of clean images, with its names looked up: noises, common corruptions, or both."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from robustbench_ln.corruptions.conditions import corruption_conditions, noise_conditions
from robustbench_ln.corruptions.frost import load_frost_textures
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.spec import Condition, ConditionRequest, FrostTextures

__all__ = ["Degradation", "resolve_conditions", "resolve_one_family"]


class Degradation(NamedTuple):
    """What is done to images: a `ConditionRequest` with its names looked up.

    Attributes:
        conditions: The clean condition first, if it is one of them.
        frost: Pictures that frost is cut from; None where there is no frost.
    """

    conditions: tuple[Condition, ...]
    frost: FrostTextures | None


def resolve_conditions(request: ConditionRequest, source_kind: str = "arrays") -> Degradation:
    """Look the names up, and read what they need.

    Args:
        request: What is asked for.
        source_kind: Kind of the images' source, which decides the range of released noises.

    Raises:
        SpecError: See `noise_conditions` and `corruption_conditions`.
        DataError: Frost is asked for, and its photographs cannot be read.
    """
    noises = noise_conditions(
        request.noises,
        convention=request.convention,
        pixel_range=request.pixel_range,
        sigmas=request.sigmas,
        source_kind=source_kind,
    )
    corruptions = corruption_conditions(
        request.corruptions, severity_table=request.severity_table, severities=request.severities
    )
    textured = [c for c in corruptions if CORRUPTIONS[c.corruption].has_textures]
    frost = load_frost_textures(request.frost_dir) if textured else None
    marked = {c: replace(c, frost=frost.kind) for c in textured} if frost else {}
    return Degradation((*noises, *(marked.get(c, c) for c in corruptions)), frost)


def resolve_one_family(request: ConditionRequest, source_kind: str = "arrays") -> Degradation:
    """Resolve noises or corruptions, without the clean condition.

    Raises:
        SpecError: Both families or neither, or a setting of the other family, which would be
            ignored.
    """
    if bool(request.corruptions) == bool(request.noises):
        raise SpecError(
            f"give either {setting('corruptions', 'LIST')} (or cifar10-c) or "
            f"{setting('noises', 'LIST')}"
        )
    if request.noises and request.sets_corruptions:
        raise SpecError(
            f"{setting('severity_table')}, {setting('severities')} and {setting('frost_dir')} "
            f"are for {setting('corruptions')}"
        )
    if request.corruptions and request.sets_noises:
        raise SpecError(
            f"{setting('sigmas')}, {setting('convention')} and {setting('pixel_range')} "
            f"are for {setting('noises')}"
        )
    found = resolve_conditions(request, source_kind)
    return found._replace(conditions=tuple(c for c in found.conditions if not c.is_clean))
