"""`ln-bench train`: networks that differ in their norm alone."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.display import open_display
from robustbench_ln.cli.evaluate import check_normalize_text
from robustbench_ln.cli.options import (
    Arch,
    CheckpointKey,
    ClassMap,
    Convention,
    Data,
    Device,
    Download,
    Model,
    Normalize,
    PixelRange,
    Trust,
)

__all__ = ["train"]


def train(
    data: Data,
    recipe: Annotated[
        str,
        typer.Option(
            help="All numbers of the training (ln-bench list recipes)", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Training directory; the same command resumes it",
            show_default=False,
        ),
    ],
    arch: Arch = None,
    model: Model = None,
    norm: Annotated[str, typer.Option(help="Of every layer (ln-bench list norms)")] = "batch",
    groups: Annotated[
        int | None,
        typer.Option(
            help="Groups of LocalNorm parameters; default: the recipe's", show_default=False
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="CKPT", help="Start from these weights; default: fresh ones", show_default=False
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Default: the recipe's", show_default=False)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="At the start; default: the recipe's", show_default=False)
    ] = None,
    augment_noise: Annotated[
        str | None,
        typer.Option(
            metavar="NAME:SIGMA",
            help="Noise on a share of the training images, as agn:1.0 (ln-bench list noises)",
            show_default=False,
        ),
    ] = None,
    share: Annotated[
        float, typer.Option(help="Of images that are noisy in an epoch, with --augment-noise")
    ] = 0.5,
    convention: Convention = "paper",
    pixel_range: PixelRange = None,
    normalize: Normalize = None,
    seed: Annotated[
        int, typer.Option(help="Weights, split, order, augmentation, noise, dropout")
    ] = 0,
    limit: Annotated[
        int | None,
        typer.Option(help="Use so many of the training images", show_default=False),
    ] = None,
    device: Device = "cpu",
    class_map: ClassMap = None,
    download: Download = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Train a network, from fresh weights or from a checkpoint, on the training part of the data.

    Example: ln-bench train --arch resnet20 --norm local --data cifar10:data --recipe
    cifar-resnet --out runs/resnet20-ln
    """
    from dataclasses import replace

    from robustbench_ln.data import DataOptions, Framing, load_images
    from robustbench_ln.evaluation.device import check_device
    from robustbench_ln.lookup import find_entry
    from robustbench_ln.training import RECIPES, StartSource, TrainingSpec, start_network
    from robustbench_ln.training import train as train_network
    from robustbench_ln.training.spec import parse_augment_noise

    chosen = find_entry(RECIPES, recipe, kind="recipe", listing="ln-bench list recipes")
    chosen = replace(
        chosen,
        epochs=chosen.epochs if epochs is None else epochs,
        learning_rate=chosen.learning_rate if learning_rate is None else learning_rate,
    )
    check_normalize_text(normalize)
    default_groups = chosen.num_groups if norm == "local" else 1
    spec = TrainingSpec(
        recipe=chosen,
        norm=norm,
        num_groups=default_groups if groups is None else groups,
        seed=seed,
        noise=None
        if augment_noise is None
        else parse_augment_noise(augment_noise, convention=convention, pixel_range=pixel_range),
        noise_share=share,
        limit=limit,
        device=check_device(device),
    )
    source = StartSource(
        arch=arch,
        model=model,
        init=init,
        key=checkpoint_key,
        trust=trust_checkpoint,
        normalize=normalize,
        command=shlex.join(["ln-bench", *sys.argv[1:]]),
    )
    side = chosen.framing or None
    options = DataOptions(
        framing=Framing(resize=side, crop=side),
        class_map=class_map,
        download=download,
        part="train",
    )
    with open_display() as display:
        images = load_images(data, options)
        trained = train_network(
            start_network(source, images, spec),
            images,
            spec,
            out=out,
            progress=display,
        )
    typer.echo(
        f"{trained.epochs} epochs; validation {trained.last_accuracy:.1%}, "
        f"at best {trained.best_accuracy:.1%} after epoch {trained.best_epoch}\n"
        f"{out / 'best.pt'}"
    )
