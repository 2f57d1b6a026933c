"""From a checkpoint's file and the name of its network to a network under test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from robustbench_ln.data.picture import Framing
from robustbench_ln.errors import CheckpointError, SpecError
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.checkpoint import Checkpoint, read_checkpoint
from robustbench_ln.models.fitting import LoadedModel, load_model, load_weights
from robustbench_ln.models.nearest import describe_nearest
from robustbench_ln.models.published_weights import (
    fetch_weights,
    has_published_weights,
    published_files,
)
from robustbench_ln.models.registry import find_architecture
from robustbench_ln.models.user_model import build_user_model
from robustbench_ln.models.weights_metadata import (
    InputPipeline,
    stated_pipeline,
    weights_metadata,
)
from robustbench_ln.normalization import NORMALIZATIONS, check_normalization, parse_normalization
from robustbench_ln.norms import count_classes
from robustbench_ln.progress import Progress

__all__ = [
    "NetworkSource",
    "OpenedNetwork",
    "check_one_network",
    "choose_framing",
    "choose_normalize",
    "input_shape",
    "load_network",
    "open_network",
    "published_pipeline",
    "training_group_size",
]

_TRAINING_BATCH = {"mnist-dnn": 100}
"""Images in a training batch of the papers; 128 where nothing is said."""

_GIVE_NETWORK = (
    "give the network as --arch NAME (ln-bench list archs) or as --model FILE.py:FUNCTION"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSource:
    """Where a network comes from.

    Attributes:
        path: The checkpoint.
        arch: Its network by name; or
        model: "FILE.py:FUNCTION". Neither where the file says its network by name, as those of
            `ln-bench train` and `convert` do.
        key: The entry of the file that holds the weights; None where there is one.
        trust: Whether code in the file may run.
        download: Fetch published weights to `path` where no file is there.

    Raises:
        SpecError: Both of arch and model, or a download of what nobody publishes.
    """

    path: Path
    arch: str | None = None
    model: str | None = None
    key: str | None = None
    trust: bool = False
    download: bool = False

    def __post_init__(self) -> None:
        """Demand one network at most."""
        check_one_network(self.arch, self.model, is_stated=True)
        if self.download and not has_published_weights(self.arch):
            raise SpecError(
                "--download fetches the published weights of --arch torchvision:NAME and "
                f"timm:NAME.TAG; {self.arch or self.model or 'no --arch'} is neither, leave it out"
            )


def check_one_network(arch: str | None, model: str | None, *, is_stated: bool) -> None:
    """Demand a network by name or from the user's file, not both.

    Args:
        arch: By name.
        model: From the user's file.
        is_stated: Whether a checkpoint may say it, so that it may be neither.
    """
    num_given = (arch is not None) + (model is not None)
    if num_given == 2 or (num_given == 0 and not is_stated):
        raise SpecError(f"{_GIVE_NETWORK}, one of the two")


def load_network(source: NetworkSource) -> LoadedModel:
    """Build the network and load its weights, strictly.

    Raises:
        SpecError: No such network, or neither the source nor the file says one.
        CheckpointError: The file cannot be read, or its weights do not fit.
        LayoutError: See `load_weights`.
    """
    architecture = find_architecture(source.arch) if source.arch else None
    network = build_user_model(source.model) if source.model else None
    if not source.path.exists():
        _fetch_or_tell(source)
    checkpoint = read_checkpoint(source.path, trust=source.trust, key=source.key)
    if network is not None:
        return load_weights(checkpoint, network, name=source.model or "")
    return load_model(checkpoint, architecture or _stated_architecture(checkpoint))


def _stated_architecture(checkpoint: Checkpoint) -> Architecture:
    """Return the network that a file says it is of, by name: code that it names is not run."""
    stated = str(checkpoint.metadata.get("arch", ""))
    try:
        return find_architecture(stated)
    except SpecError as error:
        parts = [_GIVE_NETWORK]
        if stated:
            parts.append(f"{checkpoint.path} says {stated[:60]!r}")
        nearest = describe_nearest(checkpoint)
        raise SpecError("; ".join([*parts, nearest] if nearest else parts)) from error


def _fetch_or_tell(source: NetworkSource) -> None:
    """Fetch a missing checkpoint that is published, or say that --download does."""
    if source.arch is None or not has_published_weights(source.arch):
        return
    if source.download:
        fetch_weights(source.path, source.arch)
    elif source.path.name in published_files(source.arch):
        raise CheckpointError(
            f"{source.path}: no such file; it is published: add --download to fetch it"
        )


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
        raise SpecError(
            "--normalize is missing: give what the network was trained with "
            f"({', '.join(NORMALIZATIONS)}, or MEAN/STD). A wrong one costs tens of points"
        )
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
        normalize: Input normalisation, as --normalize takes it.
        name: Of the file, without its ending.
    """

    loaded: LoadedModel
    pipeline: InputPipeline | None
    normalize: str
    name: str

    def as_subject(
        self, shape: tuple[int, int, int], *, label: str | None = None, command: str = ""
    ) -> Subject:
        """Return the network as the subject of a run.

        Args:
            shape: (H, W, C) of the images.
            label: What tables call it; None is the file's name.
            command: For captions.
        """
        height, width, channels = shape
        loaded, checkpoint = self.loaded, self.loaded.checkpoint
        num_classes = loaded.num_classes or count_classes(loaded.model, (channels, height, width))
        return Subject(
            model=loaded.model,
            num_classes=num_classes,
            normalization=parse_normalization(self.normalize, channels),
            label=label or self.name,
            checkpoint={
                "path": str(checkpoint.path),
                "sha256": checkpoint.sha256,
                "arch": loaded.network,
                "num_parameters": sum(p.numel() for p in loaded.model.parameters()),
                "num_groups": loaded.num_groups,
            },
            group_size=_group_size(checkpoint, loaded),
            command=command,
        )


def open_network(
    source: NetworkSource, normalize: str | None, *, progress: Progress | None = None
) -> OpenedNetwork:
    """Load a network; an input normalisation that is none is refused before that.

    Args:
        source: Where it comes from.
        normalize: Its input normalisation; None is what its publisher or its file says.
        progress: Who is told if the two differ; nobody by default.
    """
    check_normalization(normalize)
    loaded = load_network(source)
    pipeline = published_pipeline(loaded)
    if progress is not None and pipeline is not None and normalize is not None:
        stated = pipeline.normalization
        asked = parse_normalization(normalize, len(stated.mean))
        if (asked.mean, asked.std) != (stated.mean, stated.std):
            progress.note(
                f"Note: --normalize {normalize}, but {pipeline.source} was trained with "
                f"{stated.name}; without the option it is evaluated so"
            )
    return OpenedNetwork(
        loaded=loaded,
        pipeline=pipeline,
        normalize=choose_normalize(normalize, pipeline),
        name=source.path.stem,
    )


def _group_size(checkpoint: Checkpoint, loaded: LoadedModel) -> int:
    """Images in a group in training: as the file says, or the papers' batch over the groups."""
    stated = str(checkpoint.metadata.get("group_size", ""))  # safetensors keeps texts alone
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    return training_group_size(loaded.network, loaded.num_groups)


def training_group_size(network: str, num_groups: int) -> int:
    """Return the images in a group in the papers' training: their batch over the groups.

    >>> training_group_size("resnet32", 8)
    16
    """
    return max(1, _TRAINING_BATCH.get(network, 128) // num_groups)
