"""Images of a corrupted set against the clean ones: the same pictures, more changed by severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.data.image_set import ImageSet, Pixels
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning
from robustbench_ln.spec import Condition

__all__ = ["Distance", "check_stored_images", "measure_distance"]

NAME = "stored_images"

NUM_IMAGES = 64
FEWEST_IMAGES = 10

SMALLEST_RANK = 0.7
"""Share of other clean images that are less like a corrupted one than its own. On CIFAR-10 it is
0.9 and more for every corruption and severity of both tables, 0.5 if rows are permuted."""

LARGEST_DROP = 0.95
"""Distance at a severity, of that at the one before. Regular corruptions grow by 2 % and more."""

_ANY_ORDER = ("elastic_transform",)
"""Its severities of 32x32 images come ever closer; ImageNet's at that size are hard to know again:
ranks of 0.65 and 0.56 at severities 1 and 2."""

_IRREGULAR = ("glass_blur", "motion_blur", "snow", "frost", "pixelate", "spatter", "saturate")
"""Their neighbouring severities may be the other way round, as those of pixelate on enlarged
images; severity 5 is farther than 1."""

_REGULAR = frozenset((*BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)) - {*_ANY_ORDER, *_IRREGULAR}


class Distance(NamedTuple):
    """How corrupted images lie to the clean ones.

    Attributes:
        pixels: Mean absolute difference, grey levels.
        rank: Mean share of other clean images that correlate less with a corrupted image than its
            own; 1 where all are known again, 0.5 where none is. NaN where images are constant.
    """

    pixels: float
    rank: float


def check_stored_images(
    stored: Mapping[Condition, ImageSet], clean: ImageSet | None
) -> CheckResult:
    """Warn where rows or severities of arrays are in another order than the name says.

    Args:
        stored: The images of each condition. Pictures in folders say both by their names.
        clean: The same images without corruption, if there are any.
    """
    arrays = {c: images for c, images in stored.items() if images.kind == "arrays"}
    if clean is None or not arrays or len(clean) < FEWEST_IMAGES:
        return not_applicable(NAME, "there are no stored arrays with clean images to compare with")
    sample = np.unique(np.linspace(0, len(clean) - 1, NUM_IMAGES).astype(np.int64))
    pixels = clean.read(sample)
    measured: dict[str, dict[float, Distance]] = {}
    for condition, images in arrays.items():
        of_name = measured.setdefault(condition.corruption, {})
        of_name[condition.severity] = measure_distance(images.read(sample), pixels)
    permuted = [name for name, found in measured.items() if _is_permuted(name, found)]
    disordered = [name for name, found in measured.items() if _is_disordered(name, found)]
    return _result(permuted, [name for name in disordered if name not in permuted], measured)


def measure_distance(images: Pixels, clean: Pixels) -> Distance:
    """Return how [n, H, W, C] corrupted images lie to [n, H, W, C] clean ones."""
    pixels = float(np.abs(images.astype(np.float32) - clean).mean())
    ours, theirs = _centred(images), _centred(clean)
    is_telling = (np.abs(ours).max(axis=1) > 0) & (np.abs(theirs).max(axis=1) > 0)
    if is_telling.sum() < FEWEST_IMAGES:
        return Distance(pixels, float("nan"))
    correlation = ours[is_telling] @ theirs[is_telling].T  # [m, m]
    own = np.diag(correlation)[:, None]
    below = (own > correlation).sum() + (own == correlation).sum() / 2 - len(own) / 2
    return Distance(pixels, float(below / (len(own) * (len(own) - 1))))


def _centred(images: Pixels) -> NDArray[np.float32]:
    """Return [n, H W C] of mean 0 and length 1; a constant image is 0."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    centred: NDArray[np.float32] = np.where(length > 1e-2, rows / np.maximum(length, 1e-2), 0)
    return centred


def _is_permuted(name: str, found: Mapping[float, Distance]) -> bool:
    ranks = [distance.rank for distance in found.values() if not np.isnan(distance.rank)]
    if not ranks:
        return False
    return (max(ranks) if name in _ANY_ORDER else min(ranks)) < SMALLEST_RANK


def _is_disordered(name: str, found: Mapping[float, Distance]) -> bool:
    distances = [found[severity].pixels for severity in sorted(found)]
    if name in _IRREGULAR:
        distances = [found[s].pixels for s in (1.0, 5.0) if s in found]
    elif name not in _REGULAR:
        return False
    return any(later < LARGEST_DROP * earlier for earlier, later in pairwise(distances))


def _result(
    permuted: Sequence[str],
    disordered: Sequence[str],
    measured: Mapping[str, Mapping[float, Distance]],
) -> CheckResult:
    reasons = []
    if permuted:
        reasons.append(
            f"rows of {', '.join(permuted)} are not the clean images in their order: they are no "
            "more like their own clean image than like others. Put them in the order of the clean "
            "images, or give the clean images in theirs"
        )
    if disordered:
        name = disordered[0]
        shown = ", ".join(f"{measured[name][s].pixels:.1f}" for s in sorted(measured[name]))
        reasons.append(
            f"severities of {', '.join(disordered)} are probably in another order: the distance to "
            f"the clean images should grow, and is {shown} for {name}. Severity 1 comes first"
        )
    if reasons:
        return warning(NAME, "; ".join(reasons))
    return passed(
        NAME, f"{len(measured)} stored corruptions leave the clean images as their severity grows"
    )
