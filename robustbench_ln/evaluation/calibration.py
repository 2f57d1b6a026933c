"""Two seconds of a run: what an image takes in the network and to be degraded, on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.evaluation.device_batch import DeviceBatch
from robustbench_ln.evaluation.inputs import network_chunks
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.unit import EvaluationTask, Unit
from robustbench_ln.runs.predictions import Predictions, encode_predictions, join_predictions
from robustbench_ln.runs.seen_images import SeenImages
from robustbench_ln.spec import CLEAN, Condition

__all__ = ["Calibration", "calibrate"]

_SECONDS = 1.0
"""For all passes together; as much again, about, for degrading."""
_TRIES = 3
"""Of which the fastest counts: the first loads libraries, others may be disturbed."""
_VALUES = 2**18
"""Pixel values of the images that each corruption is tried on: 4 to 64 images."""


class Calibration(NamedTuple):
    """What one image takes.

    Attributes:
        network: Seconds in each pass, by pass.
        degrading: Seconds to read and degrade it, by corruption; nothing but reading where clean.
        file_bytes: Bytes of a file of predictions without images, by pass.
        image_bytes: Bytes that each image adds to it, by pass.
    """

    network: dict[Pass, float]
    degrading: dict[str, float]
    file_bytes: dict[Pass, float]
    image_bytes: dict[Pass, float]


def calibrate(task: EvaluationTask, conditions: Iterable[Condition]) -> Calibration:
    """Run a few images through each pass, and degrade a few by each corruption.

    A set that takes longer than its share of a second is tried smaller: an image of a larger set
    takes a little longer, as its layers leave the cache.

    Args:
        task: Task of the run.
        conditions: That are to be evaluated.
    """
    found = Calibration({}, {}, {}, {})
    for p in task.batches:
        _try_pass(task, p, found)
    chosen: dict[str, list[Condition]] = {}
    for condition in conditions:
        chosen.setdefault(condition.corruption, []).append(condition)
    for name, each in chosen.items():
        middle = each[len(each) // 2]
        parts = task.parts if middle.parts else (middle,)
        found.degrading[name] = sum(_time_degrading(task, part) for part in parts) / len(parts)
    return found


def _try_pass(task: EvaluationTask, p: Pass, found: Calibration) -> None:
    """Time one pass, with its own device batch or as much of that as there is time for."""
    share = _SECONDS / len(task.batches)
    most = min(task.batches[p].sets * p.layout.images_together, len(task.indices))
    number = min(2, most)
    tries = [_run(task, p, number)]
    while number < most and 2 * tries[-1].seconds < share:
        number = min(2 * number, most)
        tries = [_run(task, p, number)]
    tries += [_run(task, p, number) for _ in range(_TRIES - 1)]
    best = min(tries, key=lambda one: one.seconds)
    predictions = join_predictions(best.parts)
    once = len(encode_predictions(predictions))
    twice = len(encode_predictions(join_predictions([predictions] * 2)))
    found.network[p] = best.seconds / number
    found.image_bytes[p] = (twice - once) / number
    found.file_bytes[p] = 2 * once - twice + _seen_bytes(task, predictions, best.seen)


def _seen_bytes(task: EvaluationTask, predictions: Predictions, seen: SeenImages) -> float:
    """Return the bytes of what is kept of the images, as many as the run will keep."""
    tried = len(encode_predictions(predictions, seen)) - len(encode_predictions(predictions))
    kept, wanted = len(seen.samples), min(task.spec.samples, len(task.indices))
    return tried * wanted / kept if kept else tried


class _Tried(NamedTuple):
    """What a pass over a few images gave."""

    seconds: float
    parts: list[Predictions]
    seen: SeenImages


def _run(task: EvaluationTask, p: Pass, number: int) -> _Tried:
    small = _shrink(p, number)
    sets = max(1, number // small.layout.images_together)
    batch = DeviceBatch(sets, sets * small.layout.rows_per_set)
    unit = Unit(seed=task.spec.seed, condition=CLEAN, passes=(small,), start=0, stop=number)
    run = replace(task, batches={small: batch}, stored={}, is_alone=False, parts=()).open(0)
    result = run(unit, _ignore)
    measured = result.measured[small]
    return _Tried(measured.seconds, measured.parts, result.seen)


def _shrink(p: Pass, number: int) -> Pass:
    """Return a pass with sets of `number` images where its own are larger."""
    size = p.layout.set_size
    if size is None or size <= number:
        return p
    return replace(p, layout=replace(p.layout, set_size=number))


def _time_degrading(task: EvaluationTask, condition: Condition) -> float:
    """Return the seconds that an image takes."""
    images = task.stored[condition] if condition.is_stored else task.images
    number = min(len(task.indices), max(4, min(64, _VALUES // images.shape.num_values)))
    options = StreamOptions(seed=task.spec.seed, frost=task.spec.frost, workers=0)

    def degrade() -> None:
        for _ in network_chunks(
            images,
            task.indices[:number],
            condition,
            options=options,
            normalization=task.subject.normalization,
        ):
            pass

    return min(_seconds_of(degrade) for _ in range(_TRIES)) / number


def _seconds_of(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def _ignore(_: int) -> None:
    """Count no images."""
