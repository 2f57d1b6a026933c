"""Make a set of corrupted images on disk; the same call resumes it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_ln.corrupted_sets.arrays_writer import ArrayFormat
from robustbench_ln.corrupted_sets.folders_writer import FolderFormat
from robustbench_ln.corrupted_sets.listing import Entry, read_listing
from robustbench_ln.corrupted_sets.manifest import Manifest, find_damage
from robustbench_ln.corrupted_sets.set_folder import check_free_space, open_set
from robustbench_ln.corrupted_sets.set_format import SetFormat, Unit, split_units
from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corruptions.degrade import Inputs, degrade
from robustbench_ln.corruptions.frost import digest_of, procedural_frost
from robustbench_ln.corruptions.stream import StreamOptions, find_inputs, map_ahead
from robustbench_ln.data.image_set import ArrayImages, ImageSet
from robustbench_ln.errors import RecordError, SpecError, setting
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.spec import Condition, FrostTextures

__all__ = ["GenerationOptions", "generate", "verify"]

_PACKAGES = ("robustbench_ln", "torch", "numpy", "scipy", "opencv-python-headless", "pillow")


class GenerationOptions(NamedTuple):
    """How a set is made; what changes no byte of it, but for the pictures of frost.

    Attributes:
        workers: Threads; None is all cores.
        frost: Pictures that frost is cut from; None makes procedural ones.
        overwrite: Take away the set that is in the folder.
    """

    workers: int | None = None
    frost: FrostTextures | None = None
    overwrite: bool = False


def generate(
    images: ImageSet,
    spec: GenerationSpec,
    *,
    out: Path,
    options: GenerationOptions = GenerationOptions(),  # noqa: B008  (frozen)
    progress: Progress | None = None,
) -> None:
    """Write the images under every condition, and the manifest.

    Args:
        images: The clean images.
        spec: What to make of them.
        out: The set's folder: new, empty, or one that the same call began.
        options: Threads, pictures of frost, whether to overwrite.
        progress: Is told how far it is.

    Raises:
        SpecError: Less than one worker, or more images asked for than there are.
        ImageError: A corruption cannot take such images.
        DataError: A picture cannot be read; what was finished is kept.
        RecordError: The folder holds something else, or cannot be written, or the disk is full.
    """
    progress = progress or Silent()
    workers = os.cpu_count() or 1 if options.workers is None else options.workers
    num_images = _check_counts(images, spec, workers)
    _check_first_image(images, spec, options)
    describe = partial(_describe, images, spec, options)
    with open_set(out, describe, overwrite=options.overwrite) as manifest:
        set_format: SetFormat
        if spec.format == "folder":
            set_format = FolderFormat(out, images, num_images, uses_jpeg=spec.uses_jpeg)
        else:
            set_format = ArrayFormat(out, spec, images, num_images)
        units = set_format.pending(split_units(images, num_images, spec.conditions), manifest)
        check_free_space(out, sum(set_format.num_bytes(unit) for unit in units))
        stream = StreamOptions(seed=spec.seed, frost=options.frost, workers=workers)
        with _one_thread_each():
            _make_units(images, units, set_format, manifest, (stream, num_images, progress))
        manifest.complete()


def verify(folder: Path) -> int:
    """Read every file of a set again and return their number.

    Raises:
        RecordError: No set, an unfinished one, or one with a missing or changed file.
    """
    listing = read_listing(folder)
    damage = find_damage(folder, listing.entries.values())
    if damage:
        more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
        raise RecordError(
            f"{folder}: {damage[0]}{more}; delete what is damaged and run the same command again"
        )
    if not listing.description.get("complete"):
        raise RecordError(
            f"{folder}: unfinished, {len(listing.entries)} files stand; run the same command again"
        )
    return len(listing.entries)


def _check_counts(images: ImageSet, spec: GenerationSpec, workers: int) -> int:
    if workers < 1:
        raise SpecError(f"{setting('workers')} is {workers}; expected 1 or more")
    if spec.limit is not None and spec.limit > len(images):
        raise SpecError(
            f"{setting('limit')} is {spec.limit}; {images.source} has {len(images)} images"
        )
    return len(images) if spec.limit is None else spec.limit


def _check_first_image(images: ImageSet, spec: GenerationSpec, options: GenerationOptions) -> None:
    """Let every condition refuse the images before anything is written."""
    pixels = torch.from_numpy(images.read([0]))
    for condition in spec.conditions:
        if condition.convention is None:
            inputs = Inputs(frost=options.frost)
            degrade(pixels, condition, seed=spec.seed, indices=[0], inputs=inputs)


def _describe(images: ImageSet, spec: GenerationSpec, options: GenerationOptions) -> dict[str, Any]:
    """Return what the manifest says, besides the files."""
    has_frost = any(condition.frost for condition in spec.conditions)
    return {
        "schema": 1,
        "source": images.source,
        "source_sha256": images.sha256(),
        "source_images": [len(images), *images.shape],
        "frost_sha256": digest_of(options.frost or procedural_frost()) if has_frost else None,
        "spec": spec.to_json(),
        "versions": {name: metadata.version(name) for name in _PACKAGES},
    }


def _make_units(
    images: ImageSet,
    units: Sequence[Unit],
    set_format: SetFormat,
    manifest: Manifest,
    job: tuple[StreamOptions, int, Progress],
) -> None:
    """Make units in threads, list them in this one."""
    stream, num_images, progress = job
    left = Counter(unit.condition for unit in units)
    progress.start(cells=len(left), image_passes=sum(unit.stop - unit.start for unit in units))
    everything = np.arange(num_images)
    inputs: dict[Condition, Inputs] = {
        condition: find_inputs(images, everything, condition, stream) for condition in left
    }

    @lru_cache(maxsize=2)
    def read(start: int, stop: int) -> NDArray[np.uint8]:
        return images.read(range(start, stop))

    def make(unit: Unit) -> tuple[Unit, list[Entry]]:
        indices = range(unit.start, unit.stop)
        pixels = torch.from_numpy(read(unit.start, unit.stop))
        degraded = degrade(
            pixels,
            unit.condition,
            seed=stream.seed,
            indices=indices,
            inputs=inputs[unit.condition],
        )
        return unit, set_format.write(unit, degraded.images.numpy())

    for unit, entries in map_ahead(make, _in_order(images, units), workers=stream.workers):
        set_format.settle(unit, entries, manifest)
        progress.describe(f"{unit.condition.corruption} {unit.condition.severity:g}")
        progress.advance(unit.stop - unit.start)
        left[unit.condition] -= 1
        progress.finish_cells(left[unit.condition] == 0)


def _in_order(images: ImageSet, units: Sequence[Unit]) -> list[Unit]:
    """Finish file after file; but decode picture files once for all conditions."""
    if isinstance(images, ArrayImages):
        return list(units)
    return sorted(units, key=lambda unit: unit.start)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep the workers' libraries from starting threads of their own."""
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])
