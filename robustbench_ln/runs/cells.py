"""What tells the cells of one run apart: a condition, a mode with its options, and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from robustbench_ln.spec import Condition

__all__ = ["CellKey", "ModeOptions"]


class ModeOptions(NamedTuple):
    """A mode, and the options that change its results.

    Attributes:
        mode: Name of the mode.
        set_size: Number of images that share statistics; None where the network's own are used.
        prior: Weight of the running statistics in bn-adapt, as text; else None.
        tie_rule: Rule that breaks tied votes; None where nothing is voted on.
        arithmetic: Arithmetic of the network: "float32", or the options that change it.
        outputs: What the network returns: "logits", or "probabilities", whose logarithm is taken.
        classes: How many of the network's classes are scored, and which, as `digest_classes` says;
            None where all are.
        sharing: Who shares statistics where a mode has sets: consecutive images ("sets"), or each
            image and those before it ("sliding").
    """

    mode: str
    set_size: int | None
    prior: str | None
    tie_rule: str | None
    arithmetic: str
    outputs: str = "logits"
    classes: str | None = None
    sharing: str = "sets"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKey:
    """The identity of a cell within its run: two rows with the same one are the same cell.

    Attributes:
        condition: What was done to the images.
        options: The mode and its options.
        seed: Seed of the draws; a repeat has its own.
    """

    condition: Condition
    options: ModeOptions
    seed: int
