"""The network under test, whether data fits it, and what identifies a run of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

import robustbench_ln
from robustbench_ln.data.folder_names import are_wnids
from robustbench_ln.data.image_set import ImageSet, ImageShape
from robustbench_ln.errors import DataError, setting
from robustbench_ln.models.opened import OpenedNetwork
from robustbench_ln.models.stated_accuracy import StatedAccuracy
from robustbench_ln.norms import NormClasses, count_classes
from robustbench_ln.progress import Progress
from robustbench_ln.runs.description import (
    CheckpointDescription,
    DataDescription,
    NormalizationDescription,
    RunDescription,
    writable,
)
from robustbench_ln.spec import EvaluationSpec, Normalization, parse_normalization

__all__ = [
    "Subject",
    "check_images",
    "describe_checkpoint",
    "describe_normalization",
    "describe_run",
    "subject_of",
    "versions",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """The network under test, and what identifies it.

    Attributes:
        model: Network in float32; never changed.
        num_classes: K.
        normalization: Normalisation of its input.
        label: What tables call it.
        checkpoint: The network as run.json describes it.
        group_size: Images in a group in training.
        norm_classes: The user's own classes of norm layers.
        command: The command line, for captions.
        image_size: Side of the images that the network is for; None where nobody says it.
        stated: Accuracy that its file or publisher states; None where nobody does.
    """

    model: nn.Module
    num_classes: int
    normalization: Normalization
    label: str
    checkpoint: CheckpointDescription
    group_size: int = 16
    norm_classes: NormClasses = ()
    command: str = ""
    image_size: int | None = None
    stated: StatedAccuracy | None = None


def subject_of(
    network: OpenedNetwork,
    shape: ImageShape,
    *,
    label: str | None = None,
    command: str = "",
) -> Subject:
    """Return a network from a checkpoint's file as the subject of a run.

    Args:
        network: Its weights, and what its input is like.
        shape: (H, W, C) of the images.
        label: What tables call it; None is the file's name.
        command: Command line, for captions.
    """
    loaded, checkpoint = network.loaded, network.loaded.checkpoint
    num_classes = loaded.num_classes or count_classes(loaded.model, shape.as_input)
    return Subject(
        model=loaded.model,
        num_classes=num_classes,
        normalization=parse_normalization(network.normalize, shape.channels),
        label=label or network.name,
        checkpoint=CheckpointDescription(
            path=writable(str(checkpoint.path)),
            sha256=checkpoint.sha256,
            arch=writable(loaded.network),
            code_sha256=loaded.code_sha256,
            num_parameters=sum(p.numel() for p in loaded.model.parameters()),
            num_groups=loaded.num_groups,
        ),
        group_size=network.group_size,
        command=command,
        image_size=network.image_size,
        stated=network.stated_accuracy,
    )


def check_images(subject: Subject, images: ImageSet) -> None:
    """Demand images that this network could classify."""
    channels = len(subject.normalization.mean)
    if images.shape.channels != channels:
        raise DataError(
            f"{images.source}: images have {images.shape.channels} channels, "
            f"{setting('normalize', subject.normalization.name)} has {channels}; give as many "
            "values as channels"
        )
    _check_numbering(subject, images)
    wrong = np.flatnonzero((images.labels < 0) | (images.labels >= subject.num_classes))
    if len(wrong):
        raise DataError(
            f"{images.image_id(int(wrong[0]))} has label {images.labels[wrong[0]]}, the network "
            f"has {subject.num_classes} classes (0..{subject.num_classes - 1}); "
            "give data of the classes it was trained on"
        )


def _check_numbering(subject: Subject, images: ImageSet) -> None:
    """Demand a class for each class of the network, where their order is all that numbers them."""
    names, num_classes = images.class_names, subject.num_classes
    if images.numbering == "given" or len(names) == num_classes:
        return
    if images.numbering == "list":
        raise DataError(
            f"{images.source}: its classes are numbered by a list of {len(names)}, the network has "
            f"{num_classes}; give a list of the network's classes, or data of them"
        )
    path = images.source.partition(":")[2]
    hint = f"; or give imagenet:{path}" if are_wnids(names) else ""
    if len(names) == 1:
        hint = f"; or give folder:{path}/{names[0]}, if that holds the folders of the classes"
    raise DataError(
        f"{images.source}: {len(names)} class folder{'s' if len(names) > 1 else ''}, the network "
        f"has {num_classes} classes: numbers counted by the folders' names would be wrong. Say the "
        f"class of each folder with {setting('class_map', 'FILE')} (the network's classes in their "
        f"order, one a line, or JSON){hint}"
    )


def describe_run(
    subject: Subject, images: ImageSet, spec: EvaluationSpec, *, progress: Progress
) -> RunDescription:
    """Return what run.json says of a run."""

    def tick(done: int, total: int) -> None:
        progress.describe(f"digest of the images, {done} of {total}")

    return RunDescription(
        label=writable(subject.label),
        commands=(writable(subject.command),) if subject.command else (),
        checkpoint=describe_checkpoint(subject),
        data=DataDescription(
            source=writable(images.source),
            sha256=images.sha256(tick),
            num_images=len(images),
            shape=tuple(images.shape),
            num_classes=subject.num_classes,
        ),
        normalize=describe_normalization(subject),
        seed=spec.seed,
        order=spec.order,
        limit=spec.limit,
        device=torch.device(spec.device).type,
        dtype="float32",
        versions=versions(),
    )


def describe_checkpoint(subject: Subject) -> CheckpointDescription:
    """Return the network as run.json describes it."""
    own_norms = tuple(norm.__qualname__ for norm in subject.norm_classes)
    return replace(subject.checkpoint, norm_classes=own_norms)


def describe_normalization(subject: Subject) -> NormalizationDescription:
    """Return the normalisation of its input as run.json describes it."""
    normalization = subject.normalization
    return NormalizationDescription(
        name=writable(normalization.name), mean=normalization.mean, std=normalization.std
    )


def versions() -> dict[str, str]:
    """Return what results may depend on."""
    return {
        "robustbench_ln": robustbench_ln.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
