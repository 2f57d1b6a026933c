"""Streams in which each image has a condition of its own: mixed, or of growing severity.

The conditions of a run become one, "mixed" or "growing", with one row: every image is scored once,
under its own condition, and all conditions have equally many images, give or take one. Which image
has which is drawn by the seed alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.modes import MIXTURES
from robustbench_ln.rng import stream
from robustbench_ln.spec import Condition

__all__ = ["assign_conditions", "mix_conditions"]

Indices = NDArray[np.int64]


def mix_conditions(conditions: Sequence[Condition], *, order: str) -> Condition | None:
    """Return the condition that stands for all of a mixed stream; None in any other order.

    Raises:
        SpecError: There is a single condition.
    """
    if order not in MIXTURES:
        return None
    if len(conditions) < 2:
        raise SpecError(
            f"the order '{order}' mixes conditions, and there is one; give a noise or "
            f"corruptions, as in {setting('noises', 'agn')}"
        )
    return Condition(corruption=order, severity=0.0, parts=_digest(conditions))


def assign_conditions(
    conditions: Sequence[Condition], num_images: int, *, order: str, seed: int
) -> Indices:
    """Return which condition each image of a stream has.

    Args:
        conditions: All of the stream.
        num_images: N.
        order: "mixed": in an order drawn by the seed. "growing": the same, sorted by how severe a
            condition is among those of its corruption: clean images first, then the weakest of
            every corruption, the next, ...
        seed: Of the run.

    Returns: [N] positions in `conditions`.
    """
    drawn = stream(seed, "conditions").permutation(np.arange(num_images) % len(conditions))
    if order == "growing":
        drawn = drawn[np.argsort(_levels(conditions)[drawn], kind="stable")]
    return drawn.astype(np.int64)


def _digest(conditions: Sequence[Condition]) -> str:
    """Return the number of some conditions and a digest of what they are, in their order."""
    content = json.dumps([condition.to_json() for condition in conditions])
    return f"{len(conditions)}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _levels(conditions: Sequence[Condition]) -> Indices:
    """Return 0 for clean images, and for others the rank among the severities of a corruption."""
    severities: dict[str, set[float]] = {}
    for condition in conditions:
        severities.setdefault(condition.corruption, set()).add(condition.severity)
    return np.array(
        [
            0 if c.is_clean else 1 + sorted(severities[c.corruption]).index(c.severity)
            for c in conditions
        ]
    )
