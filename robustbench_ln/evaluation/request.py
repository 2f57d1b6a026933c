"""One evaluation, as the command line and Python ask for it: what they fill in and what runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from torch import nn

from robustbench_ln.corrupted_sets.reader import StoredSet
from robustbench_ln.data import ImageSet
from robustbench_ln.data.download import is_fetched
from robustbench_ln.data.image_set import ImageShape
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.own_network import name_own_network
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import Subject, subject_of
from robustbench_ln.models.device import choose_devices
from robustbench_ln.models.opened import choose_normalize, open_network
from robustbench_ln.models.published_weights import has_published_weights
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.norms import NormClasses
from robustbench_ln.progress import Progress
from robustbench_ln.spec import (
    EvaluationSpec,
    check_normalization,
    parse_normalization,
)
from robustbench_ln.workers.engine import Engine

__all__ = [
    "EvaluationRequest",
    "Opened",
    "choose_fetches",
    "evaluate_request",
    "open_request",
]


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
        arch: Architecture of the checkpoint.
    """
    if not isinstance(base, str):
        return Fetches(weights=download, data=False)
    is_published = has_published_weights(arch)
    return Fetches(
        weights=download and is_published,
        data=download and (is_fetched(base) or not is_published),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationRequest:
    """An evaluation, checked before anything is read; `evaluate_request` runs it.

    Attributes:
        network: A checkpoint's file, or a network in memory.
        images: The test images, and what is done to them.
        spec: Modes and numbers. Its conditions and frost are taken from `images`.
        normalize: Input normalisation of the network; None is what its publisher or its file says.
        download: Whether to fetch what is missing of the checkpoint and the clean images.
        label: What tables call the network; None is the file's name, or its class.
        norm_classes: Classes of norm layers of the user's own that work as BatchNorm does.
        command: The command line, for captions; "" where there was none.
        engine: Who distributes the work; it changes no row.

    Raises:
        SpecError: A name that does not exist, a number out of its range, or something given that
            would be ignored.
    """

    network: NetworkSource | nn.Module
    images: ImageRequest
    spec: EvaluationSpec
    normalize: str | None = None
    download: bool = False
    label: str | None = None
    norm_classes: NormClasses = ()
    command: str = ""
    engine: Engine = field(default_factory=Engine)

    def __post_init__(self) -> None:
        """Check the whole, and fill in what its parts take from each other."""
        check_normalization(self.normalize)
        self.engine.check_device(self.spec.device)
        images, network = self.images, self.network
        arch = None if isinstance(network, nn.Module) else network.arch
        fetches = choose_fetches(self.download, base=images.base, arch=arch)
        images = replace(images, options=replace(images.options, download=fetches.data))
        if not isinstance(network, nn.Module):
            network = replace(network, download=fetches.weights)
        found = images.resolve()
        spec = replace(
            self.spec,
            conditions=found.conditions,
            frost=found.frost,
            device=",".join(choose_devices(self.spec.device)),
        )
        for name, value in (("images", images), ("network", network), ("spec", spec)):
            object.__setattr__(self, name, value)

    @property
    def has_several_conditions(self) -> bool:
        """Whether there are several conditions; a stored set is taken to have some."""
        return len(self.spec.conditions) > 1 or self.images.is_stored


class Opened(NamedTuple):
    """What a request names, open.

    Attributes:
        subject: The network.
        images: The test images.
        spec: How they are evaluated.
    """

    subject: Subject
    images: ImageSet | StoredSet
    spec: EvaluationSpec


def open_request(request: EvaluationRequest, *, progress: Progress) -> Opened:
    """Open the network and the images.

    Raises:
        LnBenchError: They cannot be opened.
    """
    network = request.network
    if isinstance(network, nn.Module):
        images = request.images.open(progress)
        subject = _subject_in_memory(network, request.normalize, images.shape)
    else:
        opened = open_network(network, request.normalize, progress=progress)
        images = request.images.open(progress, opened.pipeline)
        subject = subject_of(opened, images.shape)
    subject = replace(
        subject,
        label=request.label or subject.label,
        norm_classes=request.norm_classes,
        command=request.command,
    )
    classes = request.images.choose_classes(images, subject.num_classes)
    return Opened(subject, images, replace(request.spec, classes=classes))


def evaluate_request(request: EvaluationRequest, *, out: Path, progress: Progress) -> None:
    """Open the network and the images, and measure what is missing in the run directory `out`.

    Raises:
        LnBenchError: See `evaluate` and `open_request`.
    """
    opened = open_request(request, progress=progress)
    evaluate(*opened, out=out, engine=request.engine, progress=progress)


def _subject_in_memory(network: nn.Module, normalize: str | None, shape: ImageShape) -> Subject:
    normalization = parse_normalization(choose_normalize(normalize, None), shape.channels)
    return name_own_network(network, normalization, image_shape=shape.as_input)
