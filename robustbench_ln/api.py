"""`ln-bench evaluate` for Python: the same functions, with values instead of text."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.data import ArrayImages, DataOptions, ImageSet
from robustbench_ln.data.file_images import FileImages
from robustbench_ln.data.from_python import collect_images
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.own_network import name_own_network
from robustbench_ln.evaluation.request import ImageRequest, choose_fetches
from robustbench_ln.evaluation.run import evaluate as evaluate_subject
from robustbench_ln.evaluation.subject import Subject, subject_of
from robustbench_ln.models.device import check_device
from robustbench_ln.models.normalization import check_normalization, parse_normalization
from robustbench_ln.models.opened import choose_normalize, open_network
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.modes import check_mode_names
from robustbench_ln.norms import NormClasses
from robustbench_ln.progress import Progress
from robustbench_ln.runs.frame import read_frame
from robustbench_ln.spec import EvaluationSpec, check_order, check_tie_rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate"]


def evaluate(  # noqa: PLR0913  (the options of the command line)
    model_or_path: nn.Module | str | Path,
    images: Any,
    labels: Any = None,
    *,
    clean: str | ImageSet | None = None,
    normalize: str | None = None,
    arch: str | None = None,
    download: bool = False,
    norm_classes: NormClasses = (),
    modes: str | Sequence[str] = "all",
    noises: str | Sequence[str] = (),
    sigmas: Sequence[float] | None = None,
    convention: str = "paper",
    pixel_range: str | None = None,
    corruptions: str | Sequence[str] = (),
    severity_table: str | None = None,
    severities: Sequence[int] = SEVERITIES,
    frost_dir: Path | None = None,
    order: str = "shuffled",
    stat_batch: int = 128,
    group_size: int | None = None,
    device_batch: int = 128,
    ties: str = "random",
    prior: float = 16.0,
    seed: int = 0,
    repeats: int = 1,
    limit: int | None = None,
    device: str | None = None,
    amp: str | None = None,
    tf32: bool = False,
    compile_network: bool = False,
    label: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Measure how a classifier degrades: `ln-bench evaluate`, whose options these are.

    Args:
        model_or_path: A network, which is not changed; or a checkpoint's file, with `arch`; or, as
            text, "demo:batchnorm" or "demo:localnorm", which come with the package.
        images: With `labels`: uint8 [N, H, W, C] or [N, H, W], or floats k / 255. Without: a torch
            Dataset or DataLoader of (image, label), not normalised; what `load_images` opened; or
            KIND:PATH as --data takes it, corrupted sets included. Arrays and pairs are held in
            memory as uint8.
        labels: [N] class indices.
        clean: Clean images of a corrupted set: KIND:PATH, or what `load_images` opened.
        normalize: Input normalisation the network was trained with, by name or as MEAN/STD.
            Required, unless the file or its publisher states it.
        arch: Network of a checkpoint's file; None is what the file says.
        download: Fetch what is missing: a file published under that name, and the data set of
            KIND:PATH, where torchvision can.
        norm_classes: Your own norm layers that work as BatchNorm does, to be dynamic too.
        modes: "all", or names.
        noises: Of the LocalNorm papers.
        sigmas: Of the noises; None is the released list of each.
        convention: "paper" or "released".
        pixel_range: "clip", "rescale" or "none"; None is the convention's own.
        corruptions: "cifar10-c" or "imagenet-c" for all 19, or names; of a corrupted set, those to
            take.
        severity_table: For named corruptions.
        severities: 1-5.
        frost_dir: Photographs of frost.
        order: "shuffled" (seeded) or "as-is".
        stat_batch: Images that share statistics in dbn-batch and bn-adapt.
        group_size: The same in ln-batch and ln-voting; None is the training's where a file says it,
            else the papers' batch over the groups: 128 / G for a network.
        device_batch: Images in the network at once. Memory only.
        ties: Of votes: "random", "lowest", "logit-sum".
        prior: Weight of the running statistics in bn-adapt, in images.
        seed: Decides draws, order, group picks and ties.
        repeats: Measure with so many seeds; the spread is in the column `repeat_sd`.
        limit: Evaluate so many images.
        device: Where the network runs; None is where its parameters are.
        amp: "bf16" for autocast.
        tf32: Let CUDA round products to TF32.
        compile_network: Run it through torch.compile.
        label: What tables call it.
        out: Run directory, made or continued, as `ln-bench report` reads it; None keeps none.
        progress: Who is told; None shows it on stderr, and in a notebook under the cell.

    Returns:
        A row for each mode and condition, the clean condition first; see `make_frame`.

    Raises:
        LnBenchError: Any wrong input; the message says what and how to fix it.

    >>> import numpy as np
    >>> import robustbench_ln as ln
    >>> network = nn.Sequential(
    ...     nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> images = np.arange(20 * 8 * 8 * 3).reshape(20, 8, 8, 3).astype(np.uint8)
    >>> labels = np.arange(20) % 8
    >>> frame = ln.evaluate(network, images, labels, normalize="none", modes=["bn", "dbn-batch"],
    ...                     noises="agn", sigmas=[0, 0.5], stat_batch=10)
    >>> frame[["mode", "corruption", "severity", "total"]]
            mode corruption  severity  total
    0         bn      clean       0.0     20
    1         bn        agn       0.5     20
    2  dbn-batch      clean       0.0     20
    3  dbn-batch        agn       0.5     20
    """
    check_normalization(normalize)
    fetches = choose_fetches(download, base=images if clean is None else clean, arch=arch)
    request = ImageRequest(
        data=_take_images(images, labels),
        clean=_take_clean(clean),
        options=DataOptions(download=fetches.data),
        noises=_names(noises),
        sigmas=sigmas,
        convention=convention,
        pixel_range=pixel_range,
        corruptions=_names(corruptions),
        severity_table=severity_table,
        severities=severities,
        frost_dir=frost_dir,
    )
    spec = EvaluationSpec(
        modes=check_mode_names(_names(modes)),
        conditions=request.conditions(),
        order=check_order(order),
        stat_batch=stat_batch,
        group_size=group_size,
        device_batch=device_batch,
        tie_rule=check_tie_rule(ties),
        prior=prior,
        seed=seed,
        repeats=repeats,
        limit=limit,
        device=check_device(device or _device_of(model_or_path)),
        frost_dir=frost_dir,
        amp=amp,
        uses_tf32=tf32,
        is_compiled=compile_network,
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run" if out is None else Path(out)
        with open_display() if progress is None else nullcontext(progress) as display:
            if isinstance(model_or_path, nn.Module):
                opened = request.open(display)
                subject = _name_network(model_or_path, arch, normalize, shape=opened.shape)
            else:
                source = NetworkSource(path=model_or_path, arch=arch, download=fetches.weights)
                network = open_network(source, normalize, progress=display)
                opened = request.open(display, network.pipeline)
                subject = subject_of(network, opened.shape)
            subject = replace(
                subject, label=label or subject.label, norm_classes=tuple(norm_classes)
            )
            evaluate_subject(subject, opened, spec, out=run, progress=display)
        return read_frame([run])


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _device_of(model_or_path: nn.Module | str | Path) -> str:
    if not isinstance(model_or_path, nn.Module):
        return "cpu"
    parameter = next(model_or_path.parameters(), None)
    return "cpu" if parameter is None else str(parameter.device)


def _take_images(images: Any, labels: Any) -> str | ImageSet:
    if not isinstance(images, str | ArrayImages | FileImages):
        return collect_images(images, labels)
    if labels is not None:
        name = images if isinstance(images, str) else images.source
        raise SpecError(f"{name} has its own labels; leave labels out")
    return images


def _take_clean(clean: Any) -> str | ImageSet | None:
    if clean is None or isinstance(clean, str | ArrayImages | FileImages):
        return clean
    raise SpecError(
        f"clean is a {type(clean).__name__}; give KIND:PATH, as in cifar10:data, or what "
        "load_images opened"
    )


def _name_network(
    network: nn.Module, arch: str | None, normalize: str | None, *, shape: tuple[int, int, int]
) -> Subject:
    if arch is not None:
        raise SpecError(f"arch '{arch}' is for a checkpoint's file; a network was given")
    height, width, channels = shape
    normalization = parse_normalization(choose_normalize(normalize, None), channels)
    return name_own_network(network, normalization, image_shape=(channels, height, width))
