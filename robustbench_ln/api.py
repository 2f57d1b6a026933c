"""`ln-bench evaluate` for Python: the same functions, with values instead of text."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from robustbench_ln.cli.display import open_display
from robustbench_ln.corruptions.conditions import corruption_conditions, noise_conditions
from robustbench_ln.corruptions.severities import SEVERITIES
from robustbench_ln.data.file_images import FileImages
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.data.in_memory import collect_images
from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.device import check_device
from robustbench_ln.evaluation.load_subject import (
    NetworkSource,
    choose_normalize,
    open_network,
)
from robustbench_ln.evaluation.own_network import name_own_network
from robustbench_ln.evaluation.run import evaluate as evaluate_subject
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.modes import check_mode_names
from robustbench_ln.normalization import parse_normalization
from robustbench_ln.norms import NormClasses
from robustbench_ln.progress import Progress
from robustbench_ln.reports.frame import read_frame
from robustbench_ln.spec import EvaluationSpec, check_order, check_tie_rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate"]


def evaluate(  # noqa: PLR0913  (the options of the command line)
    model_or_path: nn.Module | str | Path,
    images: Any,
    labels: Any = None,
    *,
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
        model_or_path: A network, which is not changed; or a checkpoint's file, with `arch`.
        images: With `labels`: uint8 [N, H, W, C] or [N, H, W], or floats k / 255. Without: a torch
            Dataset or DataLoader of (image, label), not normalised, or what `load_images` opened.
            All but the last are held in memory as uint8.
        labels: [N] class indices.
        normalize: Input normalisation the network was trained with, by name or as MEAN/STD.
            Required, unless the file's weights are published ones that state it.
        arch: Network of a checkpoint's file.
        download: Fetch the file where it is missing and published under that name.
        norm_classes: Your own norm layers that work as BatchNorm does, to be dynamic too.
        modes: "all", or names.
        noises: Of the LocalNorm papers.
        sigmas: Of the noises; None is the released list of each.
        convention: "paper" or "released".
        pixel_range: "clip", "rescale" or "none"; None is the convention's own.
        corruptions: "cifar10-c" or "imagenet-c" for all 19, or names.
        severity_table: For named corruptions.
        severities: 1-5.
        frost_dir: Photographs of frost.
        order: "shuffled" (seeded) or "as-is".
        stat_batch: Images that share statistics in dbn-batch and bn-adapt.
        group_size: The same in ln-batch and ln-voting; None is the training's.
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
    image_set = _open_images(images, labels)
    conditions = (
        *noise_conditions(
            _names(noises),
            convention=convention,
            pixel_range=pixel_range,
            sigmas=sigmas,
            source_kind=image_set.kind,
        ),
        *corruption_conditions(
            _names(corruptions),
            severity_table=severity_table,
            severities=severities,
            frost_dir=frost_dir,
        ),
    )
    spec = EvaluationSpec(
        modes=check_mode_names(_names(modes)),
        conditions=conditions,
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
    height, width, channels = image_set.shape
    shape = (channels, height, width)
    if isinstance(model_or_path, nn.Module):
        subject = _name_network(model_or_path, arch, normalize, image_shape=shape, label=label)
    else:
        source = NetworkSource(path=Path(model_or_path), arch=arch, download=download)
        subject = open_network(source, normalize).as_subject(image_set.shape, label=label)
    subject = replace(subject, norm_classes=tuple(norm_classes))
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run" if out is None else Path(out)
        if progress is not None:
            evaluate_subject(subject, image_set, spec, out=run, progress=progress)
        else:
            with open_display() as display:
                evaluate_subject(subject, image_set, spec, out=run, progress=display)
        return read_frame([run])


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _device_of(model_or_path: nn.Module | str | Path) -> str:
    if not isinstance(model_or_path, nn.Module):
        return "cpu"
    parameter = next(model_or_path.parameters(), None)
    return "cpu" if parameter is None else str(parameter.device)


def _open_images(images: Any, labels: Any) -> ArrayImages | FileImages:
    if not isinstance(images, ArrayImages | FileImages):
        return collect_images(images, labels)
    if labels is not None:
        raise SpecError(f"{images.source} has its own labels; leave labels out")
    return images


def _name_network(
    network: nn.Module,
    arch: str | None,
    normalize: str | None,
    *,
    image_shape: tuple[int, int, int],
    label: str | None,
) -> Subject:
    if arch is not None:
        raise SpecError(f"arch '{arch}' is for a checkpoint's file; a network was given")
    normalization = parse_normalization(choose_normalize(normalize, None), image_shape[0])
    return name_own_network(network, normalization, image_shape=image_shape, label=label)
