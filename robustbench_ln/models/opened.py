"""A network with its weights, and what its publisher or its file says about its input."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from robustbench_ln.errors import Message, by_skin, setting
from robustbench_ln.files.pictures import Framing
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.models.fitting import LoadedModel
from robustbench_ln.models.source import NetworkSource, load_network
from robustbench_ln.models.stated_accuracy import StatedAccuracy, find_stated_accuracy
from robustbench_ln.models.stored_input import check_stored_input
from robustbench_ln.models.weights_metadata import (
    InputPipeline,
    stated_pipeline,
    weights_metadata,
)
from robustbench_ln.progress import Progress
from robustbench_ln.spec import (
    check_normalization,
    missing_normalization,
    parse_normalization,
)

__all__ = [
    "OpenedNetwork",
    "choose_framing",
    "choose_normalize",
    "input_shape",
    "open_network",
    "open_weights",
    "published_pipeline",
    "tell_notes",
]


def input_shape(
    loaded: LoadedModel, *, image_size: int | None, channels: int
) -> tuple[int, int, int]:
    """Return (C, H, W) of a network's images: as published, unless a size is given."""
    architecture = loaded.architecture
    if architecture is None:
        size = image_size or 224
        return channels, size, size
    size = image_size or architecture.image_size
    return architecture.in_channels if image_size is None else channels, size, size


def published_pipeline(loaded: LoadedModel) -> InputPipeline | None:
    """Return what the weights' publisher, or else their file, says about their input.

    None where nobody says anything. A file that `ln-bench train` wrote says its normalisation.
    """
    if loaded.architecture is not None:
        published = weights_metadata(loaded.architecture, loaded.checkpoint)
        if published is not None:
            return published
    return stated_pipeline(loaded.checkpoint)


def choose_normalize(text: str | None, pipeline: InputPipeline | None) -> str:
    """Return the input normalisation that was asked for, or else the published one.

    Raises:
        SpecError: Neither is there.
    """
    if text is not None:
        return text
    if pipeline is None:
        raise missing_normalization()
    return pipeline.normalization.name


def choose_framing(framing: Framing, pipeline: InputPipeline | None) -> Framing:
    """Return the framing that was asked for, or the published one where nothing was."""
    if pipeline is None or framing != Framing():
        return framing
    return Framing(resize=pipeline.resize, crop=pipeline.crop, interpolation=pipeline.interpolation)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedNetwork:
    """A network with its weights, and what its input is like.

    Attributes:
        loaded: The network.
        pipeline: What the weights' publisher or their file says about the input; None: nothing.
        normalize: Input normalisation, by name or as "MEAN/STD".
        name: What tables call it by default: the file's name without its ending.
    """

    loaded: LoadedModel
    pipeline: InputPipeline | None
    normalize: str
    name: str

    @property
    def group_size(self) -> int:
        """Images in a group in training: as the file says, or the papers' batch over the groups."""
        stated = str(self.loaded.checkpoint.metadata.get("group_size", ""))
        if stated.isdecimal() and int(stated) > 0:  # safetensors keeps texts alone
            return int(stated)
        return max(1, self.loaded.training_batch // self.loaded.num_groups)

    @property
    def image_size(self) -> int | None:
        """Side of the images that it is for; None where nobody says it.

        The publisher of its weights does; so does the name of one of our networks, unless its file
        was made here: `ln-bench train` takes images of any size.
        """
        if self.pipeline is not None and self.pipeline.crop is not None:
            return self.pipeline.crop
        architecture, metadata = self.loaded.architecture, self.loaded.checkpoint.metadata
        is_library = architecture is not None and ":" in architecture.id
        if architecture is None or is_library or {"recipe", "parent_sha256"} & metadata.keys():
            return None
        return architecture.image_size

    @property
    def stated_accuracy(self) -> StatedAccuracy | None:
        """What its publisher, or else its file, says of its accuracy."""
        if self.pipeline is not None and self.pipeline.accuracy is not None:
            return StatedAccuracy(self.pipeline.accuracy, self.pipeline.source)
        checkpoint = self.loaded.checkpoint
        return find_stated_accuracy(checkpoint.metadata, checkpoint.path.name)

    @property
    def is_grey(self) -> bool:
        """Whether its first convolution takes images of one channel."""
        modules = self.loaded.model.modules()
        return next((m.in_channels == 1 for m in modules if isinstance(m, nn.Conv2d)), False)


def open_network(
    source: NetworkSource, normalize: str | None, *, progress: Progress | None = None
) -> OpenedNetwork:
    """Load a network; an input normalisation that is none is refused before that.

    Args:
        source: Where it comes from.
        normalize: Its input normalisation; None is what its publisher or its file says.
        progress: Display for the note if the two differ; None shows nothing.
    """
    check_normalization(normalize)
    loaded = load_network(source)
    pipeline = published_pipeline(loaded)
    stated = None if pipeline is None else pipeline.normalization.name
    check_stored_input(loaded.checkpoint, normalize or stated)
    if progress is not None:
        tell_notes(loaded.checkpoint, progress)
        _tell_difference(normalize, pipeline, progress)
    return OpenedNetwork(
        loaded=loaded,
        pipeline=pipeline,
        normalize=choose_normalize(normalize, pipeline),
        name=source.label,
    )


def tell_notes(checkpoint: Checkpoint, progress: Progress) -> None:
    """Say what was done so that a checkpoint's weights fit their network."""
    for note in checkpoint.notes:
        progress.note(f"Note: {checkpoint.path}: {note}")


def _tell_difference(
    normalize: str | None, pipeline: InputPipeline | None, progress: Progress
) -> None:
    """Say where the input is normalised in another way than the publisher or the file says."""
    if pipeline is None or normalize is None:
        return
    stated = pipeline.normalization
    asked = parse_normalization(normalize, len(stated.mean))
    if (asked.mean, asked.std) != (stated.mean, stated.std):
        option = by_skin(command_line="the option", python=setting("normalize"))
        progress.note(
            Message(
                f"Note: {setting('normalize', normalize)}, but {pipeline.source} was trained "
                f"with {stated.name}; without {option} it is evaluated so"
            )
        )


def open_weights(source: NetworkSource, normalize: str | None) -> OpenedNetwork:
    """Load a network that is looked at and not evaluated: its normalisation may stay unknown."""
    check_normalization(normalize)
    loaded = load_network(source)
    pipeline = published_pipeline(loaded)
    stated = "none" if pipeline is None else pipeline.normalization.name
    return OpenedNetwork(
        loaded=loaded, pipeline=pipeline, normalize=normalize or stated, name=source.label
    )
