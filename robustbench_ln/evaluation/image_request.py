"""The images of one evaluation, as the command line and Python ask for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from robustbench_ln.corrupted_sets.reader import StoredSet, open_stored
from robustbench_ln.corruptions.request import Degradation, resolve_conditions
from robustbench_ln.data import DataOptions, ImageSet, load_images
from robustbench_ln.data.class_list import ClassList, find_classes, number_by_wnid
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.files.image_kinds import (
    IMAGE_KINDS,
    PICTURE_KINDS,
    STORED_KINDS,
    find_kind,
)
from robustbench_ln.models.opened import choose_framing
from robustbench_ln.models.weights_metadata import InputPipeline
from robustbench_ln.progress import Progress
from robustbench_ln.spec import ConditionRequest

__all__ = ["ImageRequest"]

Source = str | ImageSet
"""KIND:PATH, or images that are open already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageRequest:
    """Test images, and how they are degraded.

    Attributes:
        data: Clean images, to be degraded here; or a stored set, which is corrupted already.
        clean: Clean images of a stored set.
        options: How the clean images are read, where they are named.
        classes: The classes that are scored; None is all of the network's.
        degradation: What is done to clean images; of a stored set, its corruptions and severities
            are those to take, and no corruption is all.

    Raises:
        SpecError: An unknown kind of images, or something given that would be ignored.
    """

    data: Source
    clean: Source | None = None
    options: DataOptions = field(default_factory=DataOptions)
    classes: ClassList | None = None
    degradation: ConditionRequest = field(default_factory=ConditionRequest)

    def __post_init__(self) -> None:
        """Check what can be checked before anything is read."""
        if isinstance(self.data, str):
            find_kind(self.data, (*IMAGE_KINDS, *STORED_KINDS))
        if isinstance(self.clean, str):
            find_kind(self.clean, name="clean")
        if self.degradation.sigmas is not None and not self.degradation.noises:
            raise SpecError(f"{setting('sigmas')} needs a noise, as in {setting('noises', 'agn')}")
        if self.is_stored:
            self._check_stored()
        elif self.clean is not None:
            name = self.data if isinstance(self.data, str) else self.data.source
            raise SpecError(
                f"{setting('clean')} is for sets that are corrupted already; {name} is not one"
            )

    def _check_stored(self) -> None:
        if self.degradation.severity_table is not None:
            raise SpecError(
                f"{setting('severity_table')}: the severities of {self.data} are made already"
            )
        if self.clean is None and self.degradation.noises:
            raise SpecError(
                f"{setting('noises')} acts on clean images; give them with "
                f"{setting('clean', 'KIND:PATH')}"
            )
        if self.clean is None and self.options != DataOptions():
            raise SpecError(
                f"{setting('resize')}, {setting('crop')}, {setting('class_map')} and "
                f"{setting('download')} act on clean images; give them with "
                f"{setting('clean', 'KIND:PATH')}"
            )

    @property
    def is_stored(self) -> bool:
        """Whether the images are corrupted already."""
        return isinstance(self.data, str) and _kind_of(self.data) in STORED_KINDS

    @property
    def base(self) -> Source:
        """The clean images, where there are any."""
        return self.data if self.clean is None else self.clean

    def resolve(self) -> Degradation:
        """Return what is to be done to the clean images; a stored set brings its own besides."""
        asked = replace(self.degradation, corruptions=()) if self.is_stored else self.degradation
        return resolve_conditions(asked, _kind_of(self.base))

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
            return self._open(self.data, options)
        assert isinstance(self.data, str)
        stored = open_stored(
            self.data,
            None if self.clean is None else self._open(self.clean, options),
            names=self.degradation.corruptions,
            severities=self.degradation.severities,
            tell=progress.describe,
        )
        for line in stored.notes:
            progress.note(f"Note: {line}")
        if stored.missing:
            progress.note(f"Note: {self.data} has no {', '.join(stored.missing)}")
        return stored

    def _open(self, source: Source, options: DataOptions) -> ImageSet:
        images = load_images(source, options) if isinstance(source, str) else source
        is_renumbered = self.classes is not None and options.class_map is None
        return number_by_wnid(images) if is_renumbered else images

    def choose_classes(
        self, opened: ImageSet | StoredSet, num_classes: int
    ) -> tuple[int, ...] | None:
        """Return the indices of the classes that are scored; None is all.

        Args:
            opened: What `open` returned.
            num_classes: K of the network.
        """
        if self.classes is None:
            return None
        base = opened.base if isinstance(opened, StoredSet) else opened
        has_map = self.options.class_map is not None or not isinstance(self.base, str)
        return find_classes(self.classes, base, num_classes, has_class_map=has_map)

    def _fill_in(self, pipeline: InputPipeline | None, progress: Progress) -> DataOptions:
        """Fill in resize, crop and interpolation of published weights where none is given."""
        is_named = isinstance(self.base, str)
        if pipeline is None or not is_named or _kind_of(self.base) not in PICTURE_KINDS:
            return self.options
        framing = choose_framing(self.options.framing, pipeline)
        if framing != self.options.framing:
            name = pipeline.normalization.name
            departs = f"; {pipeline.departs}" if pipeline.departs else ""
            progress.note(f"{pipeline.source}: {framing}, normalisation {name}{departs}")
        return replace(self.options, framing=framing)


def _kind_of(source: Source) -> str:
    return source.partition(":")[0] if isinstance(source, str) else source.kind
