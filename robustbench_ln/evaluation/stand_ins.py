"""What stands in for files that are not there yet, where an evaluation is only estimated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import nn

from robustbench_ln.corrupted_sets.reader import StoredSet
from robustbench_ln.data.stand_in import is_missing, stand_in_for
from robustbench_ln.evaluation.request import EvaluationRequest
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.registry import build_model, find_architecture
from robustbench_ln.progress import Progress

__all__ = ["stand_in"]


def stand_in(request: EvaluationRequest, progress: Progress) -> EvaluationRequest:
    """Return a request that can be opened without the files that are missing.

    New weights stand in for a checkpoint whose network is named, noise for images whose number and
    size somebody says. Each has a note, and nothing is fetched. Everything else stays, to be
    refused where it would be.

    Raises:
        DataError: Nobody says how many images there will be, or of which size.
    """
    request = replace(request, download=False)
    architecture = _named(request)
    request = _without_images(request, architecture, progress)
    if isinstance(request.network, nn.Module) or architecture is None or _has_file(request):
        return request
    progress.note(
        f"Note: {request.network.path} is not there; {architecture.id} with new weights stands "
        "in for it"
    )
    return replace(
        request,
        network=_build(architecture, request, progress),
        normalize=request.normalize or "none",
        label=request.label or request.network.label,
    )


def _named(request: EvaluationRequest) -> Architecture | None:
    """Return the network that the request names."""
    arch = None if isinstance(request.network, nn.Module) else request.network.arch
    return None if arch is None else find_architecture(arch)


def _has_file(request: EvaluationRequest) -> bool:
    source = request.network
    assert not isinstance(source, nn.Module)
    return source.shipped is not None or Path(source.path).exists()


def _without_images(
    request: EvaluationRequest, architecture: Architecture | None, progress: Progress
) -> EvaluationRequest:
    data = request.images.data
    if not isinstance(data, str) or not is_missing(data):
        return request
    images = stand_in_for(
        data,
        limit=request.spec.limit,
        crop=request.images.options.framing.crop,
        size=None if architecture is None else architecture.image_size,
        channels=3 if architecture is None else architecture.in_channels,
    )
    progress.note(
        f"Note: {data} is not there; {len(images):,} images of {images.shape.size} pixels of noise "
        "stand in for it, and reading its files is not counted"
    )
    return replace(request, images=replace(request.images, data=images, classes=None))


def _build(architecture: Architecture, request: EvaluationRequest, progress: Progress) -> nn.Module:
    """Return the network with new weights, for the classes and channels of the images."""
    if request.images.is_stored:
        return build_model(architecture.id)
    images = request.images.open(progress)
    assert not isinstance(images, StoredSet)
    largest = max(images.labels, default=0) + 1
    return build_model(
        architecture.id,
        num_classes=max(architecture.num_classes, int(largest)),
        in_channels=images.shape.channels,
    )
