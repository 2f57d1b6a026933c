"""`ln-bench evaluate`: the main job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.options import (
    Arch,
    Baseline,
    Checkpoint,
    CheckpointKey,
    ClassMap,
    Clean,
    Convention,
    Corruptions,
    Crop,
    Data,
    Device,
    DownloadAll,
    FrostDir,
    Interpolation,
    Model,
    Modes,
    Noise,
    Normalize,
    PixelRange,
    Resize,
    Severities,
    SeverityTable,
    Sigmas,
    Ties,
    Trust,
    split_names,
)
from robustbench_ln.cli.report import write_and_print
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display

__all__ = ["evaluate"]


def evaluate(
    checkpoint: Checkpoint,
    data: Data,
    out: Annotated[
        Path,
        typer.Option(
            metavar="RUN", help="Run directory; the same command resumes it", show_default=False
        ),
    ],
    arch: Arch = None,
    model: Model = None,
    normalize: Normalize = None,
    modes: Modes = "all",
    clean: Clean = None,
    noise: Noise = "",
    corruptions: Corruptions = "",
    severity_table: SeverityTable = None,
    severities: Severities = "1-5",
    frost_dir: FrostDir = None,
    sigmas: Sigmas = None,
    convention: Convention = "paper",
    pixel_range: PixelRange = None,
    order: Annotated[
        str, typer.Option(help="Order of the test images: shuffled (seeded) or as-is")
    ] = "shuffled",
    stat_batch: Annotated[
        int, typer.Option(help="Images that share statistics in dbn-batch and bn-adapt")
    ] = 128,
    group_size: Annotated[
        int | None,
        typer.Option(
            help="Images that share statistics in ln-batch and ln-voting; default: the training's",
            show_default=False,
        ),
    ] = None,
    device_batch: Annotated[
        int, typer.Option(help="Images in the network at once; memory only, no result")
    ] = 128,
    ties: Ties = "random",
    prior: Annotated[
        float, typer.Option(help="bn-adapt: weight of the running statistics, in images")
    ] = 16.0,
    seed: Annotated[int, typer.Option(help="Draws, order, group picks and ties")] = 0,
    repeats: Annotated[
        int,
        typer.Option(help="Measure with so many seeds; their spread is shown apart, as SD"),
    ] = 1,
    limit: Annotated[
        int | None,
        typer.Option(help="Evaluate so many images, for a first look", show_default=False),
    ] = None,
    device: Device = "cpu",
    amp: Annotated[
        str | None,
        typer.Option(help="bf16: autocast; default: float32", show_default=False),
    ] = None,
    tf32: Annotated[bool, typer.Option("--tf32", help="CUDA may round products to TF32")] = False,
    compile_network: Annotated[
        bool, typer.Option("--compile", help="Run the network through torch.compile")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop with an error where a check warns")
    ] = False,
    baseline: Baseline = "none",
    label: Annotated[
        str | None,
        typer.Option(
            help="What tables call it; default: the file's name, of demo:NAME the norm's",
            show_default=False,
        ),
    ] = None,
    resize: Resize = None,
    crop: Crop = None,
    interpolation: Interpolation = None,
    class_map: ClassMap = None,
    download: DownloadAll = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Measure how a saved classifier degrades, and write the tables and figures.

    Example: ln-bench evaluate resnet20.th --arch resnet20 --normalize imagenet --data
    cifar10:data --noise agn --sigmas 0:2:0.25 --out runs/resnet20
    """
    from robustbench_ln.corruptions.conditions import parse_severities, parse_sigmas
    from robustbench_ln.corruptions.request import ConditionRequest
    from robustbench_ln.data import DataOptions, Framing
    from robustbench_ln.evaluation.request import (
        EvaluationRequest,
        ImageRequest,
        evaluate_request,
    )
    from robustbench_ln.models.source import NetworkSource
    from robustbench_ln.reports.baselines import check_baseline, choose_baseline, severity_tables_of
    from robustbench_ln.spec import EvaluationSpec

    request = EvaluationRequest(
        network=NetworkSource(
            path=checkpoint,
            arch=arch,
            model=model,
            key=checkpoint_key,
            trust=trust_checkpoint,
        ),
        images=ImageRequest(
            data=data,
            clean=clean,
            options=DataOptions(
                framing=Framing(resize=resize, crop=crop, interpolation=interpolation),
                class_map=class_map,
            ),
            degradation=ConditionRequest(
                noises=split_names(noise),
                sigmas=None if sigmas is None else parse_sigmas(sigmas),
                convention=convention,
                pixel_range=pixel_range,
                corruptions=split_names(corruptions),
                severity_table=severity_table,
                severities=parse_severities(severities),
                frost_dir=frost_dir,
            ),
        ),
        spec=EvaluationSpec(
            modes=split_names(modes),
            order=order,
            stat_batch=stat_batch,
            group_size=group_size,
            device_batch=device_batch,
            tie_rule=ties,
            prior=prior,
            seed=seed,
            repeats=repeats,
            limit=limit,
            device=device,
            amp=amp,
            uses_tf32=tf32,
            is_compiled=compile_network,
            is_strict=strict,
        ),
        normalize=normalize,
        download=download,
        label=label,
        command=shlex.join(["ln-bench", *sys.argv[1:]]),
    )
    check_baseline(choose_baseline(baseline), severity_tables_of(request.spec.conditions))
    with open_display(spell) as display:
        evaluate_request(request, out=out, progress=display)
    write_and_print([out], out / "report", baseline=baseline)
