"""`ln-bench train`: networks that differ in their norm alone."""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.completion import complete
from robustbench_ln.cli.failures import LESS_MEMORY
from robustbench_ln.cli.image_options import (
    TRAINING_KINDS,
    ClassMap,
    Convention,
    Download,
    PixelRange,
)
from robustbench_ln.cli.name_checks import check_kind, check_listed
from robustbench_ln.cli.options import Arch, CheckpointKey, Model, Trust
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError, explain_memory
from robustbench_ln.files.image_kinds import IMAGE_KINDS, PICTURE_KINDS
from robustbench_ln.progress import Silent
from robustbench_ln.texts.console import Talk, current_talk, say, set_talk

if TYPE_CHECKING:
    from robustbench_ln.spec import Condition
    from robustbench_ln.training import Recipe, StartSource, Trained, TrainingSpec

__all__ = ["train"]


def train(
    data: Annotated[
        str,
        typer.Option(
            metavar="KIND:PATH",
            callback=check_kind("images", IMAGE_KINDS),
            help=f"Images; of published sets, the training part: {TRAINING_KINDS}",
            show_default=False,
        ),
    ],
    recipe: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=complete("recipes"),
            callback=check_listed("recipes", "recipe"),
            help="Hyperparameters of the training (see ln-bench list recipes)",
            show_default=False,
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
    norm: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=complete("norms"),
            callback=check_listed("norms", "norm"),
            help="Norm of all norm layers (see ln-bench list norms)",
        ),
    ] = "batch",
    groups: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Groups of LocalNorm parameters. Default: the recipe's",
            show_default=False,
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="CKPT",
            help="Start from these weights: a file, or demo:batchnorm, demo:localnorm; "
            "default: fresh ones",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of epochs. Default: the recipe's", show_default=False
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            help="Learning rate at the start. Default: the recipe's",
            show_default=False,
        ),
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
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the images, 0 to 1, that --augment-noise changes in an epoch. "
            "Default: 0.5",
            show_default=False,
        ),
    ] = None,
    convention: Convention = "paper",
    pixel_range: PixelRange = None,
    normalize: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|MEAN/STD",
            help="Input normalisation (ln-bench list normalizations); default: the recipe's, with "
            "--init that of the checkpoint, which must be given where the file does not say it",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", help="Seed for weights, split, order, augmentation, noise and dropout"
        ),
    ] = 0,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of training images to use. Default: all", show_default=False
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            "--device",
            "--devices",
            metavar="DEVICE",
            help="Where the network runs: cpu, cuda, cuda:1, ...; several GPUs, with a process and "
            "its groups on each, as cuda:0,cuda:1",
        ),
    ] = "cpu",
    processes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of processes on the CPU that share a batch: LocalNorm's groups, or the "
            "images of BatchNorm. Default: 1, or as many as GPUs",
            show_default=False,
        ),
    ] = None,
    new_head: Annotated[
        bool, typer.Option("--new-head", help="Fresh head for the data's classes, with --init")
    ] = False,
    class_map: ClassMap = None,
    download: Download = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Train a network on the training part of the data, from fresh weights or a checkpoint."""
    from robustbench_ln.models.device import choose_devices
    from robustbench_ln.spec import check_normalization
    from robustbench_ln.training import StartSource, TrainingSpec

    chosen = _choose_recipe(recipe, epochs, learning_rate)
    check_normalization(normalize)
    devices = choose_devices(device)
    default_groups = chosen.num_groups if norm == "local" else 1
    spec = TrainingSpec(
        recipe=chosen,
        norm=norm,
        num_groups=default_groups if groups is None else groups,
        seed=seed,
        noise=_choose_noise(augment_noise, share, convention, pixel_range),
        noise_share=0.5 if share is None else share,
        limit=limit,
        device=",".join(devices),
        processes=len(devices) if processes is None else processes,
    )
    source = StartSource(
        arch=arch,
        model=model,
        init=init,
        key=checkpoint_key,
        trust=trust_checkpoint,
        has_new_head=new_head,
        normalize=normalize,
        command=shlex.join(["ln-bench", *sys.argv[1:]]),
    )
    job = partial(_train, source, data, spec, out=out, class_map=class_map, download=download)
    trained = job() if spec.processes == 1 else _train_together(job, spec)
    say(
        f"{trained.epochs} epoch{'s' if trained.epochs > 1 else ''}; "
        f"validation {trained.last_accuracy:.1%}, "
        f"at best {trained.best_accuracy:.1%} after epoch {trained.best_epoch}\n"
        f"{out / 'best.pt'}"
    )


def _choose_recipe(name: str, epochs: int | None, learning_rate: float | None) -> Recipe:
    from dataclasses import replace

    from robustbench_ln.lookup import find_entry
    from robustbench_ln.training import RECIPES

    recipe = find_entry(RECIPES, name, kind="recipe", listed="recipes")
    return replace(
        recipe,
        epochs=recipe.epochs if epochs is None else epochs,
        learning_rate=recipe.learning_rate if learning_rate is None else learning_rate,
    )


def _choose_noise(
    text: str | None, share: float | None, convention: str, pixel_range: str | None
) -> Condition | None:
    from robustbench_ln.training.spec import parse_augment_noise

    if text is not None:
        return parse_augment_noise(text, convention=convention, pixel_range=pixel_range)
    options = {
        "--share": share is not None,
        "--convention": convention != "paper",
        "--range": pixel_range is not None,
    }
    for option, is_given in options.items():
        if is_given:
            raise SpecError(f"{option} needs a noise, as in --augment-noise agn:1.0")
    return None


def _train_together(job: Callable[[], Trained], spec: TrainingSpec) -> Trained:
    """Do a job in as many processes as were asked for."""
    from robustbench_ln.training.launch import run_processes

    if "TORCHELASTIC_RUN_ID" in os.environ:
        raise SpecError("ln-bench train starts its processes itself; leave torchrun out")
    return run_processes(partial(_train_in_process, job, current_talk()), spec.devices)


def _train_in_process(job: Callable[[], Trained], talk: Talk) -> Trained:
    """Do a job as one of several processes, of which the first talks."""
    from robustbench_ln.cli.main import show_warning
    from robustbench_ln.training.processes import current_place

    set_talk(talk)
    warnings.showwarning = show_warning if current_place().is_first else _forget
    with explain_memory(LESS_MEMORY):
        return job()


def _forget(*_: object, **__: object) -> None:
    """Say nothing of a warning, which the first process shows."""


def _train(
    source: StartSource,
    data: str,
    spec: TrainingSpec,
    *,
    out: Path,
    class_map: Path | None,
    download: bool,
) -> Trained:
    from robustbench_ln.data import DataOptions, Framing, load_images
    from robustbench_ln.training import start_network
    from robustbench_ln.training import train as train_network
    from robustbench_ln.training.processes import current_place

    side = spec.recipe.framing or None
    if side and data.partition(":")[0] not in PICTURE_KINDS:
        raise SpecError(
            f"recipe {spec.recipe.name} is for picture files ({', '.join(PICTURE_KINDS)}), which "
            f"it scales to {side} pixels; --data {data} has images of one size"
        )
    framing = Framing(resize=side, crop=side)
    options = DataOptions(framing=framing, class_map=class_map, download=download, part="train")
    is_first = current_place().is_first
    with open_display(spell) if is_first else nullcontext(Silent()) as display:
        images = load_images(data, options)
        for line in images.notes:
            display.note(f"Note: {line}")
        start = start_network(source, images, spec)
        return train_network(start, images, spec, out=out, progress=display)
