"""`ln-bench convert`: another norm from a BatchNorm checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.asked import network_of
from robustbench_ln.cli.completion import complete
from robustbench_ln.cli.name_checks import check_listed
from robustbench_ln.cli.options import (
    Arch,
    Checkpoint,
    CheckpointKey,
    DownloadWeights,
    Model,
    Trust,
)
from robustbench_ln.texts.console import say, say_aside

if TYPE_CHECKING:
    from robustbench_ln.models.conversion import Conversion

__all__ = ["convert"]


def convert(
    checkpoint: Checkpoint,
    out: Annotated[
        Path,
        typer.Option(metavar="NEW", help="New file: .safetensors or .pt", show_default=False),
    ],
    arch: Arch = None,
    model: Model = None,
    norm: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=complete("norms"),
            callback=check_listed("norms", "norm"),
            help="The new norm (see ln-bench list norms)",
        ),
    ] = "local",
    groups: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Groups of LocalNorm parameters; required for local",
            show_default=False,
        ),
    ] = None,
    group_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Images in a group of LocalNorm. Default: the papers' batch (128; mnist-dnn 100) "
            "divided by the number of groups",
            show_default=False,
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            help="Side of the images for the check; default: the network's",
            show_default=False,
        ),
    ] = None,
    channels: Annotated[
        int,
        typer.Option(metavar="N", help="Channels of the images for the check: 3, or 1 for grey"),
    ] = 3,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace NEW")] = False,
    download: DownloadWeights = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Replace BatchNorm2d by another norm with the same gamma, beta and eps.

    Every group of LocalNorm starts from the BatchNorm's parameters: before further training each
    equals Dynamic BatchNorm on the same images. Ghost BatchNorm and Batch Renormalization equal
    BatchNorm in evaluation. That is checked with the new layers' own forward: above 1e-4 of the
    largest logit nothing is written. The other norms have to be trained before they classify.
    """
    options = dict(locals())
    from robustbench_ln.models.conversion import convert_network, write_converted
    from robustbench_ln.models.opened import input_shape, published_pipeline
    from robustbench_ln.models.source import load_network
    from robustbench_ln.models.stored_input import stored_normalization

    source = network_of(options, download=download)
    loaded = load_network(source)
    pipeline = published_pipeline(loaded)
    conversion = convert_network(
        loaded,
        norm,
        num_groups=groups,
        group_size=group_size,
        image_shape=input_shape(loaded, image_size=image_size, channels=channels),
    )
    for note in loaded.checkpoint.notes:
        say_aside(f"Note: {loaded.checkpoint.path}: {note}")
    kept = stored_normalization(loaded.checkpoint)
    normalize = pipeline.normalization.name if pipeline else kept
    write_converted(conversion, out, normalize=normalize, overwrite=overwrite)
    say(f"{_describe(conversion)}\n{out}")


def _describe(conversion: Conversion) -> str:
    norm, identity = conversion.norm, conversion.identity
    text = f"{len(conversion.converted.replaced)} BatchNorm2d layers became {norm.layer.__name__}"
    if conversion.num_groups is not None:
        text += f" with {conversion.num_groups} groups of {conversion.group_size} images"
    if identity is None:
        return (
            f"{text}\nno identity to check: gamma, beta, eps and all other layers are kept, but "
            f"the network now takes {norm.description}; train it before you evaluate"
        )
    return (
        f"{text}\nidentity check: {identity.statement} differ by at most "
        f"{identity.difference:.2g} in a logit (largest logit {identity.scale:.2g})"
    )
