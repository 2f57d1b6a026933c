"""`ln-bench convert`: LocalNorm from a BatchNorm checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.options import Arch, Checkpoint, CheckpointKey, Model, Trust
from robustbench_ln.errors import SpecError

__all__ = ["convert"]


def convert(
    checkpoint: Checkpoint,
    groups: Annotated[int, typer.Option(help="Groups of LocalNorm parameters", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(metavar="NEW", help="New file: .safetensors or .pt", show_default=False),
    ],
    arch: Arch = None,
    model: Model = None,
    norm: Annotated[str, typer.Option(help="local is the one there is")] = "local",
    group_size: Annotated[
        int | None,
        typer.Option(
            help="Images in a group; default: 128 / groups, the papers' batch", show_default=False
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
    channels: Annotated[int, typer.Option(help="Of its images: 3, or 1 for grey")] = 3,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace NEW")] = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Replace BatchNorm2d by LocalNorm: every group starts from the BatchNorm's gamma and beta.

    Before further training, each group equals Dynamic BatchNorm on the same images; that is checked
    and printed.

    Example: ln-bench convert resnet20.th --arch resnet20 --groups 8 --out resnet20-ln.safetensors
    """
    from robustbench_ln.evaluation.conversion import convert_network, write_converted
    from robustbench_ln.evaluation.load_subject import NetworkSource, input_shape, load_network

    if norm != "local":
        raise SpecError(f"--norm {norm}: expected local")
    source = NetworkSource(
        path=checkpoint, arch=arch, model=model, key=checkpoint_key, trust=trust_checkpoint
    )
    conversion = convert_network(
        load_network(source),
        num_groups=groups,
        group_size=group_size or max(1, 128 // max(1, groups)),
        image_shape=input_shape(source, image_size=image_size, channels=channels),
    )
    write_converted(conversion, out, overwrite=overwrite)
    typer.echo(
        f"{len(conversion.converted.replaced)} BatchNorm2d layers became LocalNorm2d with "
        f"{groups} groups of {conversion.group_size} images\n"
        f"identity check: LocalNorm and Dynamic BatchNorm on the same images differ by at most "
        f"{conversion.difference:.2g} in a logit (largest logit {conversion.scale:.2g})\n"
        f"{out}"
    )
