"""`ln-bench flips`: how often predictions change over perturbation sequences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.options import (
    Arch,
    Checkpoint,
    CheckpointKey,
    Device,
    DownloadWeights,
    Model,
    Modes,
    Normalize,
    Ties,
    Trust,
    split_names,
)
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.texts.console import say

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_ln.evaluation.flips import Stability

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
        typer.Option(metavar="DIR", help="Write flips.csv there", show_default=False),
    ] = None,
    download: DownloadWeights = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Measure how stable predictions are over the frames of CIFAR-10-P and ImageNet-P.

    Flip probability: the share of frames whose class is another one than in the frame before; under
    noise, than in the first frame. Sets of images that share statistics are consecutive frames.
    """
    from robustbench_ln.corrupted_sets.sequences import PERTURBATIONS, open_sequences
    from robustbench_ln.evaluation.flips import measure_flips
    from robustbench_ln.evaluation.subject import subject_of
    from robustbench_ln.models.device import check_device
    from robustbench_ln.models.opened import open_network
    from robustbench_ln.models.source import NetworkSource
    from robustbench_ln.reports.flips_report import describe_flips, read_baseline, write_flips
    from robustbench_ln.spec import EvaluationSpec

    spec = EvaluationSpec(
        modes=split_names(modes),
        order="as-is",
        stat_batch=stat_batch,
        group_size=group_size,
        is_sliding=sliding,
        limit=limit,
        seed=seed,
        tie_rule=ties,
        device=check_device(device),
    )
    sets = open_sequences(data, names=split_names(perturbations), difficulty=difficulty)
    relative_to = None if baseline is None else read_baseline(baseline)
    source = NetworkSource(
        path=checkpoint,
        arch=arch,
        model=model,
        key=checkpoint_key,
        trust=trust_checkpoint,
        download=download,
    )
    with open_display(spell) as display:
        network = open_network(source, normalize, progress=display)
        subject = subject_of(network, sets[0].images.shape)
        found = measure_flips(subject, sets, spec, step=difficulty, progress=display)
    frame = _frame(found)
    say(describe_flips(frame, PERTURBATIONS, relative_to))
    if out is not None:
        say("\n".join(map(str, write_flips(frame, out))))


def _frame(found: Sequence[Stability]) -> pd.DataFrame:
    """Return a row for each perturbation and mode."""
    import pandas as pd

    rows = [
        {
            "perturbation": one.perturbation,
            "mode": one.mode,
            "set_size": one.set_size,
            "sequences": len(one.flips),
            "flip_probability": one.flips.mean(),
            "top5_distance": None if one.distances is None else one.distances.mean(),
        }
        for one in found
    ]
    return pd.DataFrame(rows).astype({"set_size": "Int64", "top5_distance": "float64"})
