"""Make a set of corrupted images on disk; the same call resumes it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import torch

from robustbench_ln.corrupted_sets.arrays_writer import ArrayFormat
from robustbench_ln.corrupted_sets.folders_writer import FolderFormat
from robustbench_ln.corrupted_sets.listing import read_listing
from robustbench_ln.corrupted_sets.making import Made, MakingTask, Order
from robustbench_ln.corrupted_sets.manifest import Manifest, find_damage
from robustbench_ln.corrupted_sets.set_folder import check_free_space, open_set
from robustbench_ln.corrupted_sets.set_format import SetFormat, Unit, split_units
from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corruptions.degrade import Inputs, degrade
from robustbench_ln.corruptions.frost import digest_of, procedural_frost
from robustbench_ln.data.image_set import ArrayImages, ImageSet
from robustbench_ln.errors import RecordError, SpecError, setting
from robustbench_ln.files.write_errors import explain_write_errors
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.spec import FrostTextures, check_workers
from robustbench_ln.workers.choice import choose_workers, count_cores
from robustbench_ln.workers.cluster import Cluster
from robustbench_ln.workers.crew import Crew, open_crew
from robustbench_ln.workers.engine import Engine
from robustbench_ln.workers.launch import Launcher, can_launch

__all__ = ["GenerationOptions", "generate", "verify"]

_MODULES = ("robustbench_ln.corrupted_sets.making",)
_SECONDS_PER_VALUE = 5e-8
"""To degrade and write one pixel value, about."""
_PACKAGES = ("robustbench_ln", "torch", "numpy", "scipy", "opencv-python-headless", "pillow")


class GenerationOptions(NamedTuple):
    """How a set is made; what changes no byte of it, but for the pictures of frost.

    Attributes:
        workers: Processes; None is as many as are worth their start.
        frost: Pictures that frost is cut from; None makes procedural ones.
        overwrite: Take away the set that is in the folder.
        engine: Who distributes the work. Images that Ray makes are written here, by one process.
    """

    workers: int | None = None
    frost: FrostTextures | None = None
    overwrite: bool = False
    engine: Engine = Engine()


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
        options: Workers, pictures of frost, whether to overwrite.
        progress: Display that shows how far the job is.

    Raises:
        SpecError: Less than one worker, or more images asked for than there are.
        ImageError: A corruption cannot take such images.
        DataError: A picture cannot be read; what was finished is kept.
        RecordError: The folder holds something else, or cannot be written, or the disk is full.
    """
    progress = progress or Silent()
    check_workers(options.workers)
    num_images = _count_images(images, spec)
    every_unit = split_units(images, num_images, spec.conditions)
    workers = _choose_workers(images, every_unit, options)
    describe = partial(_describe, images, spec, options)
    with _launch(workers, options.engine) as launcher:  # it loads torch while this one checks
        _check_first_image(images, spec, options)
        with open_set(out, describe, overwrite=options.overwrite) as manifest:
            set_format: SetFormat
            if spec.format == "folder":
                set_format = FolderFormat(out, images, num_images, uses_jpeg=spec.uses_jpeg)
            else:
                set_format = ArrayFormat(out, spec, images, num_images)
            units = set_format.pending(every_unit, manifest)
            check_free_space(out, sum(set_format.num_bytes(unit) for unit in units))
            task = MakingTask(
                folder=out,
                images=images,
                num_images=num_images,
                set_format=set_format,
                seed=spec.seed,
                frost=options.frost,
                writes=not options.engine.is_ray,
            )
            number = min(workers, len(units))
            crew = open_crew(task, number, launcher, advance=progress.advance)
            _make_units(task, _in_order(images, units), manifest, crew, progress)
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


def _count_images(images: ImageSet, spec: GenerationSpec) -> int:
    if spec.limit is not None and spec.limit > len(images):
        raise SpecError(
            f"{setting('limit')} is {spec.limit}; {images.source} has {len(images)} images"
        )
    return len(images) if spec.limit is None else spec.limit


def _check_first_image(images: ImageSet, spec: GenerationSpec, options: GenerationOptions) -> None:
    """Let every condition refuse the images before anything is written."""
    pixels = torch.from_numpy(images.read([0]))
    for condition in spec.conditions:
        if not condition.has_sigma:
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
    task: MakingTask,
    units: Sequence[Unit],
    manifest: Manifest,
    opening: AbstractContextManager[Crew[Order, Made]],
    progress: Progress,
) -> None:
    """Have units made in their order, and list them here."""
    left = Counter(unit.condition for unit in units)
    images = sum(unit.stop - unit.start for unit in units)
    progress.start(cells=len(left), image_passes=images, unit="condition")
    with opening as crew:
        rescaled = [condition for condition in left if condition.range == "rescale"]
        limits = dict(zip(rescaled, crew.map(map(Order, rescaled)), strict=True))
        orders = (
            Order(
                unit.condition,
                unit,
                limits[unit.condition].limits if unit.condition in limits else None,
            )
            for unit in units
        )
        for unit, made in zip(units, crew.map(orders), strict=True):
            entries = made.entries
            if made.images is not None:
                with explain_write_errors(task.folder):
                    entries = task.set_format.write(unit, made.images)
            task.set_format.settle(unit, entries, manifest)
            progress.describe(f"{unit.condition.corruption} {unit.condition.severity:g}")
            left[unit.condition] -= 1
            progress.finish_cells(left[unit.condition] == 0)


def _choose_workers(images: ImageSet, units: Sequence[Unit], options: GenerationOptions) -> int:
    """Return how many workers there are to be, of a cluster the most; 0 is all it has room for."""
    if options.engine.is_ray:
        return options.workers or 0
    return choose_workers(
        options.workers,
        units=len(units),
        seconds=sum(unit.stop - unit.start for unit in units)
        * math.prod(images.shape)
        * _SECONDS_PER_VALUE,
        most=count_cores() if can_launch() else 1,
    )


def _launch(workers: int, engine: Engine) -> AbstractContextManager[Launcher | Cluster | None]:
    if engine.is_ray:
        return Cluster(engine, workers or None)
    return nullcontext() if workers == 1 else Launcher(_MODULES)


def _in_order(images: ImageSet, units: Sequence[Unit]) -> list[Unit]:
    """Finish file after file; but decode picture files once for all conditions."""
    if isinstance(images, ArrayImages):
        return list(units)
    return sorted(units, key=lambda unit: unit.start)
