"""`ln-bench flips`: how often predictions change over perturbation sequences."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.asked import network_of
from robustbench_ln.cli.early import check_network
from robustbench_ln.cli.name_checks import split_names
from robustbench_ln.cli.options import (
    Arch,
    Checkpoint,
    CheckpointKey,
    Device,
    DownloadWeights,
    Model,
    Modes,
    Names,
    Normalize,
    Ties,
    Trust,
)
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.spec import EvaluationSpec
from robustbench_ln.texts.console import say

__all__ = ["flips"]


def flips(
    checkpoint: Checkpoint,
    data: Annotated[
        str,
        typer.Option(
            metavar="KIND:PATH",
            help="Sequences: cifar10-p:DIR, cifar100-p:DIR (NAME.npy), imagenet-p:DIR "
            "(NAME/CLASS/VIDEO.mp4)",
            show_default=False,
        ),
    ],
    arch: Arch = None,
    model: Model = None,
    normalize: Normalize = None,
    modes: Modes = "all",
    perturbations: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Perturbations, as translate,tilt. Default: those of the benchmark that are there",
            show_default=False,
        ),
    ] = "",
    difficulty: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="1, 2 or 3: frames from one to the next that it is compared with; of a noise the "
            "sequences NAME_2 or NAME_3",
        ),
    ] = 1,
    stat_batch: Annotated[
        int,
        typer.Option(metavar="N", help="Frames that share statistics in dbn-batch and bn-adapt"),
    ] = 128,
    group_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Frames that share statistics in ln-batch and ln-voting. Default: the training's",
            show_default=False,
        ),
    ] = None,
    sliding: Annotated[
        bool,
        typer.Option("--sliding", help="Each frame shares statistics with those before it"),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of sequences, the first. Default: all", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Seed for group choice and tie-breaking")
    ] = 0,
    ties: Ties = "random",
    device: Device = "cpu",
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FLIPS.csv",
            help="flips.csv of another network, AlexNet's for ImageNet-P: adds mFR and mT5D",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write flips.csv there, and each row as soon as it is measured; the same command "
            "resumes",
            show_default=False,
        ),
    ] = None,
    names: Names = "papers",
    download: DownloadWeights = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Measure how stable predictions are over the frames of CIFAR-10-P and ImageNet-P.

    Flip probability: the share of frames whose class is another one than in the frame before; under
    noise, than in the first frame. Sets of images that share statistics are consecutive frames.
    """
    options = dict(locals())
    check_network(options)
    spec = EvaluationSpec(
        modes=split_names(modes),
        order="as-is",
        stat_batch=stat_batch,
        group_size=group_size,
        is_sliding=sliding,
        limit=limit,
        seed=seed,
        tie_rule=ties,
        device=device,
    )
    command = shlex.join(["ln-bench", *sys.argv[1:]])
    from robustbench_ln.corrupted_sets.sequences import benchmark_of, open_sequences
    from robustbench_ln.evaluation.flips import SequenceRequest, measure_flips
    from robustbench_ln.evaluation.subject import subject_of
    from robustbench_ln.models.device import check_device
    from robustbench_ln.models.opened import open_network
    from robustbench_ln.reports.flips_report import describe_flips, read_baseline, write_flips
    from robustbench_ln.runs.variants import check_naming

    check_device(device)
    naming = check_naming(names)
    chosen = split_names(perturbations)
    sets = open_sequences(data, perturbations=chosen, difficulty=difficulty, limit=limit)
    relative_to = None if baseline is None else read_baseline(baseline)
    source = network_of(options, download=download)
    request = SequenceRequest(data, sets, difficulty)
    with open_display(spell) as display:
        network = open_network(source, normalize, progress=display)
        subject = subject_of(network, sets[0].images.shape, command=command)
        rows = measure_flips(subject, request, spec, out=out, progress=display)
    say(describe_flips(rows, benchmark_of(data), relative_to, naming))
    if out is not None:
        say("\n".join(map(str, write_flips(rows, out))))
