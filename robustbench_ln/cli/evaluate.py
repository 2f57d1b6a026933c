"""`ln-bench evaluate`: the main job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.dry_run import show_estimate
from robustbench_ln.cli.early import check_early
from robustbench_ln.cli.image_options import (
    Classes,
    ClassMap,
    Clean,
    Convention,
    Corruptions,
    Crop,
    Data,
    FrostDir,
    Interpolation,
    Noise,
    PixelRange,
    Resize,
    Severities,
    SeverityTable,
    Sigmas,
)
from robustbench_ln.cli.options import (
    Arch,
    Baseline,
    Checkpoint,
    CheckpointKey,
    DeviceBatch,
    Devices,
    DownloadAll,
    EngineName,
    Model,
    Modes,
    Normalize,
    RayAddress,
    RayGpus,
    Shard,
    Ties,
    Trust,
    Workers,
)
from robustbench_ln.cli.report import import_ahead, write_usual_report
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError

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
        str,
        typer.Option(
            metavar="NAME",
            help="Order of the test images: shuffled, by-class or dirichlet-A (seeded), or as-is; "
            "mixed or growing: shuffled, each image under one of the conditions",
        ),
    ] = "shuffled",
    stat_batch: Annotated[
        int,
        typer.Option(metavar="N", help="Images that share statistics in dbn-batch and bn-adapt"),
    ] = 128,
    group_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Images that share statistics in ln-batch and ln-voting. Default: the training's",
            show_default=False,
        ),
    ] = None,
    sliding: Annotated[
        bool,
        typer.Option(
            "--sliding",
            help="Each image shares statistics with the images before it, as in a video, and not "
            "sets of images with each other",
        ),
    ] = False,
    device_batch: DeviceBatch = "auto",
    workers: Workers = "auto",
    engine: EngineName = "processes",
    ray_address: RayAddress = None,
    ray_gpus: RayGpus = None,
    shard: Shard = "1/1",
    ties: Ties = "random",
    prior: Annotated[
        float,
        typer.Option(metavar="N", help="bn-adapt: weight of the running statistics, in images"),
    ] = 16.0,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", help="Seed for noise, image order, group choice and tie-breaking"
        ),
    ] = 0,
    repeats: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Number of seeds; the standard deviation over them has a column of its own",
        ),
    ] = 1,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of images to evaluate. Default: all", show_default=False
        ),
    ] = None,
    device: Devices = "cpu",
    amp: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="bf16 for mixed precision. Default: float32", show_default=False
        ),
    ] = None,
    tf32: Annotated[bool, typer.Option("--tf32", help="Let CUDA round products to TF32")] = False,
    compile_network: Annotated[
        bool, typer.Option("--compile", help="Run the network through torch.compile")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Treat the warnings of checks as errors")
    ] = False,
    samples: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Degraded images of each condition to keep for figures, the longer side at most "
            "96 pixels; 0 keeps none",
        ),
    ] = 4,
    baseline: Baseline = "none",
    label: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the network in tables and figures. Default: the file's name",
            show_default=False,
        ),
    ] = None,
    resize: Resize = None,
    crop: Crop = None,
    interpolation: Interpolation = None,
    class_map: ClassMap = None,
    classes: Classes = None,
    download: DownloadAll = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Estimate time, memory and disk in seconds, for data and a checkpoint that may "
            "not be there yet; measure and write nothing",
        ),
    ] = False,
    save_config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Also write these options as a suite for ln-bench run",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure how a saved classifier degrades, and write the tables and figures."""
    options = dict(locals())
    command = shlex.join(["ln-bench", *sys.argv[1:]])
    check_early(options)
    if dry_run and save_config is not None:
        raise SpecError("--dry-run writes nothing; leave out --save-config or --dry-run")
    from robustbench_ln.reports.baselines import check_baseline, choose_baseline, severity_tables_of

    relative_to = choose_baseline(baseline)
    from robustbench_ln.cli.asked import request_of
    from robustbench_ln.evaluation.request import evaluate_request

    request = request_of(options, command=command)
    check_baseline(relative_to, severity_tables_of(request.spec.conditions))
    if dry_run:
        show_estimate(request, out)
        return
    if save_config is not None:
        from robustbench_ln.cli.suites import write_suite

        write_suite(save_config, sys.argv[2:])
    import_ahead()
    with open_display(spell) as display:
        evaluate_request(request, out=out, progress=display)
    write_usual_report([out], out, baseline)
