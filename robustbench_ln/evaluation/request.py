"""Which images are evaluated, under which conditions: as the command line and Python ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from robustbench_ln.corrupted_sets.reader import STORED_KINDS, StoredSet, open_stored
from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.corruptions.conditions import corruption_conditions, noise_conditions
from robustbench_ln.data import DataOptions, ImageSet, load_images
from robustbench_ln.data.download import is_fetched
from robustbench_ln.data.sources import IMAGE_KINDS, PICTURE_SOURCES, find_kind
from robustbench_ln.errors import SpecError
from robustbench_ln.models.opened import choose_framing
from robustbench_ln.models.published_weights import has_published_weights
from robustbench_ln.models.weights_metadata import InputPipeline
from robustbench_ln.progress import Progress
from robustbench_ln.spec import Condition

__all__ = ["ImageRequest", "choose_fetches"]

Source = str | ImageSet
"""KIND:PATH, or images that are open already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageRequest:
    """Test images, and how they are degraded.

    Attributes:
        data: Clean images, to be degraded here; or a stored set, which is corrupted already.
        clean: Clean images of a stored set.
        options: How the clean images are read, where they are named.
        noises: Of the LocalNorm papers. This and the next three: see `noise_conditions`.
        sigmas: Of the noises; None is the released list of each.
        convention: "paper" or "released".
        pixel_range: "clip", "rescale" or "none"; None is the convention's own.
        corruptions: Names, or a table for all of it; of a stored set, those to take, () is all.
        severity_table: For named corruptions.
        severities: 1-5.
        frost_dir: Photographs of frost.

    Raises:
        SpecError: An unknown kind of images, or something given that would be ignored.
    """

    data: Source
    clean: Source | None = None
    options: DataOptions = field(default_factory=DataOptions)
    noises: tuple[str, ...] = ()
    sigmas: Sequence[float] | None = None
    convention: str = "paper"
    pixel_range: str | None = None
    corruptions: tuple[str, ...] = ()
    severity_table: str | None = None
    severities: Sequence[int] = SEVERITIES
    frost_dir: Path | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before anything is read."""
        if isinstance(self.data, str):
            find_kind(self.data, (*IMAGE_KINDS, *STORED_KINDS))
        if isinstance(self.clean, str):
            find_kind(self.clean, option="--clean")
        if self.sigmas is not None and not self.noises:
            raise SpecError("--sigmas needs a noise, as in --noise agn")
        if self.is_stored:
            self._check_stored()
        elif self.clean is not None:
            name = self.data if isinstance(self.data, str) else self.data.source
            raise SpecError(
                f"--clean is for sets that are corrupted already; {name} is no such set"
            )

    def _check_stored(self) -> None:
        if self.severity_table is not None:
            raise SpecError(f"--severity-table: the severities of {self.data} are made already")
        if self.clean is None and self.noises:
            raise SpecError("--noise acts on clean images; give them with --clean KIND:PATH")
        if self.clean is None and self.options != DataOptions():
            raise SpecError(
                "--resize, --crop, --class-map and --download act on clean images; give them with "
                "--clean KIND:PATH"
            )

    @property
    def is_stored(self) -> bool:
        """Whether the images are corrupted already."""
        return isinstance(self.data, str) and _kind_of(self.data) in STORED_KINDS

    @property
    def base(self) -> Source:
        """The clean images, where there are any."""
        return self.data if self.clean is None else self.clean

    def conditions(self) -> tuple[Condition, ...]:
        """Return what is to be done to the clean images; a stored set brings its own besides."""
        return (
            *noise_conditions(
                self.noises,
                convention=self.convention,
                pixel_range=self.pixel_range,
                sigmas=self.sigmas,
                source_kind=_kind_of(self.base),
            ),
            *corruption_conditions(
                () if self.is_stored else self.corruptions,
                severity_table=self.severity_table,
                severities=self.severities,
                frost_dir=self.frost_dir,
            ),
        )

    def open(
        self, progress: Progress, pipeline: InputPipeline | None = None
    ) -> ImageSet | StoredSet:
        """Return the images, or the stored set with its clean ones.

        Args:
            progress: Told of long steps, and of what was left out or filled in.
            pipeline: What the weights' publisher says about pictures: how they are scaled and
                cropped where nothing else is asked for.
        """
        options = self._fill_in(pipeline, progress)
        if not self.is_stored:
            return _open(self.data, options)
        assert isinstance(self.data, str)
        stored = open_stored(
            self.data,
            None if self.clean is None else _open(self.clean, options),
            names=self.corruptions,
            severities=self.severities,
            tell=progress.describe,
        )
        if stored.missing:
            progress.note(f"Note: {self.data} has no {', '.join(stored.missing)}")
        return stored

    def _fill_in(self, pipeline: InputPipeline | None, progress: Progress) -> DataOptions:
        """Fill in resize, crop and interpolation of published weights where none is given."""
        is_named = isinstance(self.base, str)
        if pipeline is None or not is_named or _kind_of(self.base) not in PICTURE_SOURCES:
            return self.options
        framing = choose_framing(self.options.framing, pipeline)
        if framing != self.options.framing:
            name = pipeline.normalization.name
            progress.note(f"{pipeline.source}: {framing}, normalisation {name}")
        return replace(self.options, framing=framing)


def _kind_of(source: Source) -> str:
    return source.partition(":")[0] if isinstance(source, str) else source.kind


def _open(source: Source, options: DataOptions) -> ImageSet:
    return load_images(source, options) if isinstance(source, str) else source


class Fetches(NamedTuple):
    """What a download is of.

    Attributes:
        weights: The checkpoint.
        data: The clean images.
    """

    weights: bool
    data: bool


def choose_fetches(download: bool, *, base: object, arch: str | None) -> Fetches:
    """Return what to fetch if it is missing: all that can be, and what cannot is refused later.

    Args:
        download: Whether it was asked for.
        base: The clean images; named ones can be fetched.
        arch: Of the checkpoint.
    """
    if not isinstance(base, str):
        return Fetches(weights=download, data=False)
    is_published = has_published_weights(arch)
    return Fetches(
        weights=download and is_published,
        data=download and (is_fetched(base) or not is_published),
    )
