"""`ln-bench evaluate` for Python: the same functions, with values instead of text."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.data import ArrayImages, ImageSet
from robustbench_ln.data.class_list import read_class_list
from robustbench_ln.data.file_images import FileImages
from robustbench_ln.data.from_python import collect_images
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError, explain_memory, setting
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.request import EvaluationRequest, evaluate_request
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.norms import NormClasses
from robustbench_ln.progress import Progress
from robustbench_ln.runs.frame import read_frame, tidy_frame
from robustbench_ln.runs.shards import parse_shard
from robustbench_ln.spec import ConditionRequest, EvaluationSpec
from robustbench_ln.workers.engine import Engine

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate"]


@explain_memory(
    f"lower {setting('device_batch')}, then {setting('stat_batch')} or {setting('group_size')}, or "
    f"{setting('workers')}"
)
def evaluate(  # noqa: PLR0913  (one parameter for each setting)
    model_or_path: nn.Module | str | Path,
    images: Any,
    labels: Any = None,
    *,
    clean: str | ImageSet | None = None,
    normalize: str | None = None,
    arch: str | None = None,
    download: bool = False,
    norm_classes: NormClasses = (),
    classes: str | Path | Sequence[str | int] | None = None,
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
    sliding: bool = False,
    device_batch: int | None = None,
    workers: int | None = None,
    engine: str = "processes",
    ray_address: str | None = None,
    ray_gpus: float | None = None,
    shard: str = "1/1",
    ties: str = "random",
    prior: float = 16.0,
    seed: int = 0,
    repeats: int = 1,
    limit: int | None = None,
    device: str | None = None,
    amp: str | None = None,
    tf32: bool = False,
    compile_network: bool = False,
    strict: bool = False,
    samples: int = 4,
    label: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Measure how a classifier degrades under noise and corruption, as `ln-bench evaluate` does.

    Args:
        model_or_path: The network, which is not changed; or the path of a checkpoint's file; or, as
            text, "demo:batchnorm" or "demo:localnorm", which come with the package.
        images: The test images. With `labels`: uint8 [N, H, W, C] or [N, H, W], or floats k / 255.
            Without: a torch Dataset or DataLoader of (image, label) pairs that are not normalised,
            what `load_images` returned, or "KIND:PATH", which may name a corrupted set. Arrays and
            pairs are held in memory as uint8.
        labels: Class index of each image, [N].
        clean: Clean images of a corrupted set: "KIND:PATH", or what `load_images` returned.
        normalize: Input normalisation that the network was trained with, by name or as "MEAN/STD".
            It may be left out where the checkpoint's file or its publisher states it.
        arch: Name of the network in a checkpoint's file; None is the name that the file states.
        download: Whether to fetch what is missing: a published checkpoint, and a data set that
            torchvision can fetch.
        norm_classes: Your own classes of norm layers that work as BatchNorm does; they take part
            in dynamic modes.
        classes: The classes that are scored; the other logits are left out. Names, WordNet ids or
            indices; a file of them; or "imagenet-a" or "imagenet-r". None is all.
        modes: Names of evaluation modes; "all" is every mode that the network supports.
        noises: Names of noises of the LocalNorm papers.
        sigmas: Strengths of the noises; None is the released list of each noise.
        convention: Definition of the noises: "paper" (the papers' text) or "released" (their code).
        pixel_range: How noisy images return to the pixel range: "clip", "rescale" or "none"; None
            is what the convention does.
        corruptions: Names of common corruptions, or "cifar10-c" or "imagenet-c" for all 19; of a
            corrupted set, the corruptions to evaluate.
        severity_table: What the severities of named corruptions mean: "cifar10-c" or "imagenet-c".
        severities: Severities of the corruptions, each 1-5.
        frost_dir: Folder with the photographs for frost; None looks for an installed package.
        order: Order of the test images: "shuffled", "by-class" or "dirichlet-A", as in
            "dirichlet-0.1" (decided by the seed); or "as-is". "mixed" and "growing" (severity):
            shuffled, and each image under one of the conditions.
        stat_batch: Number of images that share statistics in dbn-batch and bn-adapt.
        group_size: Number of images that share statistics in ln-batch and ln-voting. None is that
            of training where the file states it, else the papers' batch of 128 over the number of
            groups.
        sliding: Whether each image shares statistics with the images before it, as in a video, in
            place of sets of images with each other.
        device_batch: Number of images in the network at once; None is a rule from shapes that suits
            cache and memory. Results differ by rounding alone.
        workers: Number of processes that share the work; None is as many as are worth their start.
            They change no result. A network whose class is defined in the notebook or in the
            program itself cannot go to them: put it into a file of its own and import it.
        engine: Who shares the work, which changes no result: "processes" of this machine, or "ray",
            which needs `pip install 'ray>=2.40'`. In a session that has called `ray.init`
            that Ray is used.
        ray_address: Ray cluster that this machine is part of, "HOST:PORT" or "auto"; None starts
            Ray on this machine alone.
        ray_gpus: GPUs of each unit of work on a GPU; 0.25 lets four share one. None is 1.
        shard: "i/n" for the i-th of n shards of the conditions, and the clean images; each needs a
            run directory of its own, and `ln-bench report` reads them as one run. "1/1" is all.
        ties: How tied votes are broken: "random", "lowest" or "logit-sum".
        prior: Weight of the running statistics in bn-adapt, in images.
        seed: Seed for noise, image order, group choice and tie-breaking.
        repeats: Number of seeds to measure: seed, seed + 1, ... Their standard deviation is the
            column `repeat_sd`.
        limit: Number of images to evaluate; None is all.
        device: Device that runs the network, as "cuda:1"; several GPUs as "cuda:0,cuda:1"; "auto"
            is a GPU where there is one; None is that of the network's parameters.
        amp: "bf16" for autocast to bfloat16; None is float32.
        tf32: Whether CUDA may round products to TF32.
        compile_network: Whether to run the network through torch.compile.
        strict: Whether a warning of the checks of network and images is an error.
        samples: Number of degraded images of each condition to keep for figures.
        label: Name of the network in tables; None is that of its file or its class.
        out: Run directory, which is made, or resumed where it exists; `ln-bench report` reads it.
            None keeps no run.
        progress: Display to report progress to; None shows progress on stderr, or in a notebook
            below the cell.

    Returns:
        A row for each mode and condition, the clean condition first; see `tidy_frame`. What never
        varies, as the seed of one run, is in its `attrs`.

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
    request = EvaluationRequest(
        network=_take_network(model_or_path, arch),
        images=ImageRequest(
            data=_take_images(images, labels),
            clean=_take_clean(clean),
            classes=None if classes is None else read_class_list(classes),
            degradation=ConditionRequest(
                noises=_names(noises),
                sigmas=sigmas,
                convention=convention,
                pixel_range=pixel_range,
                corruptions=_names(corruptions),
                severity_table=severity_table,
                severities=severities,
                frost_dir=frost_dir,
            ),
        ),
        spec=EvaluationSpec(
            modes=_names(modes),
            order=order,
            stat_batch=stat_batch,
            group_size=group_size,
            is_sliding=sliding,
            device_batch=device_batch,
            workers=workers,
            shard=parse_shard(shard),
            tie_rule=ties,
            prior=prior,
            seed=seed,
            repeats=repeats,
            limit=limit,
            device=device or _device_of(model_or_path),
            amp=amp,
            uses_tf32=tf32,
            is_compiled=compile_network,
            is_strict=strict,
            samples=samples,
        ),
        normalize=normalize,
        download=download,
        label=label,
        norm_classes=tuple(norm_classes),
        engine=Engine(name=engine, address=ray_address, gpus=ray_gpus),
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run" if out is None else Path(out)
        with open_display() if progress is None else nullcontext(progress) as display:
            evaluate_request(request, out=run, progress=display)
        return tidy_frame(read_frame([run]))


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


def _take_network(
    model_or_path: nn.Module | str | Path, arch: str | None
) -> nn.Module | NetworkSource:
    if not isinstance(model_or_path, nn.Module):
        return NetworkSource(path=model_or_path, arch=arch)
    if arch is not None:
        raise SpecError(f"arch '{arch}' is for a checkpoint's file; a network was given")
    return model_or_path
