"""`ln-bench inspect`: what a checkpoint holds, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.asked import network_of
from robustbench_ln.cli.image_options import (
    Clean,
    Convention,
    Corruptions,
    FrostDir,
    Noise,
    PixelRange,
    Severities,
    SeverityTable,
    Sigmas,
)
from robustbench_ln.cli.inspect_drift import check_drift_options, find_drift
from robustbench_ln.cli.options import (
    Arch,
    AsJson,
    Checkpoint,
    CheckpointKey,
    Device,
    DownloadWeights,
    Model,
    Normalize,
    Trust,
)
from robustbench_ln.cli.spelling import spell
from robustbench_ln.texts.console import say
from robustbench_ln.texts.safe import one_line, shorten

if TYPE_CHECKING:
    from robustbench_ln.data.image_set import ImageShape
    from robustbench_ln.evaluation.inspection import Inspection
    from robustbench_ln.models.fitting import LoadedModel
    from robustbench_ln.norms import GroupSpread
    from robustbench_ln.runs.check_results import CheckResult

__all__ = ["inspect"]

_HEADER = (
    "layer",
    "class",
    "channels",
    "groups",
    "eps",
    "HxW",
    "running",
    "sets",
    "image",
    "rot90",
)
_WIDTH = 100


def inspect(
    checkpoint: Checkpoint,
    arch: Arch = None,
    model: Model = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS", help="Side of its images; default: the network's", show_default=False
        ),
    ] = None,
    channels: Annotated[
        int, typer.Option(metavar="N", help="Channels of its images: 3, or 1 for grey")
    ] = 3,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="KIND:PATH",
            help="Test images for the checks, as evaluate takes them; default: noise",
            show_default=False,
        ),
    ] = None,
    normalize: Normalize = None,
    drift: Annotated[
        bool,
        typer.Option(
            "--drift",
            help="Also show how far the statistics of each norm layer move under noise or "
            "corruptions of --data, and accuracy where only the first k layers are dynamic",
        ),
    ] = False,
    clean: Clean = None,
    noise: Noise = "",
    sigmas: Sigmas = None,
    convention: Convention = "paper",
    pixel_range: PixelRange = None,
    corruptions: Corruptions = "",
    severity_table: SeverityTable = None,
    severities: Severities = "1-5",
    frost_dir: FrostDir = None,
    stat_batch: Annotated[
        int, typer.Option(metavar="N", help="--drift: images that share statistics")
    ] = 128,
    limit: Annotated[
        int, typer.Option(metavar="N", help="--drift: number of images, the first after shuffling")
    ] = 1000,
    seed: Annotated[
        int, typer.Option(metavar="N", help="--drift: seed for noise and the order of images")
    ] = 0,
    device: Device = "cpu",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="--drift: folder for drift.csv and the heat map; default: none",
            show_default=False,
        ),
    ] = None,
    download: DownloadWeights = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Show the norm layers of a checkpoint, the modes it supports, and warnings about it."""
    options = dict(locals())
    check_drift_options(options)
    from robustbench_ln.data import load_images
    from robustbench_ln.data.image_set import ImageShape
    from robustbench_ln.evaluation.inspection import check_weights, inspect_network
    from robustbench_ln.models.opened import input_shape, open_weights

    source = network_of(options, download=download)
    network = open_weights(source, normalize)
    loaded = network.loaded
    base = data if clean is None else clean
    images = None if base is None else load_images(base)
    usual = ImageShape.from_input(input_shape(loaded, image_size=image_size, channels=channels))
    shape = usual if images is None else images.shape
    inspection = inspect_network(loaded.model, shape.as_input)
    checks = check_weights(network, shape, images)
    found = find_drift(network, options) if drift else None
    if as_json:
        from robustbench_ln.reports.json_results import json_text

        content = _json(loaded, inspection, shape, checks)
        say(json_text("inspect", content | ({"drift": found.rows} if found else {})))
        return
    say(_describe(loaded, inspection, shape.height))
    say(_layer_table(inspection))
    if inspection.spread is not None:
        say(_spread_table(inspection, inspection.spread))
    say(_mode_list(inspection))
    say(_check_list(checks))
    if found:
        say(found.text)


def _json(
    loaded: LoadedModel, inspection: Inspection, shape: ImageShape, checks: Sequence[CheckResult]
) -> dict[str, object]:
    layers = [
        {
            "name": row.layer.name,
            "class": row.layer.class_name,
            "channels": row.layer.num_features,
            "groups": row.layer.num_groups,
            "eps": row.layer.eps,
            "positions": row.layer.positions,
            "layouts": {name: getattr(row, name) for name in _HEADER[6:]},
            "spread": None if row.spread is None else row.spread._asdict(),
        }
        for row in inspection.rows
    ]
    return {
        "checkpoint": loaded.checkpoint.path,
        "sha256": loaded.checkpoint.sha256,
        "network": loaded.network,
        "num_classes": loaded.num_classes,
        "image_shape": list(shape),
        "parameters": inspection.parameters._asdict(),
        "groups": inspection.num_groups,
        "notes": [spell(note) for note in loaded.checkpoint.notes],
        "layers": layers,
        "spread": None if inspection.spread is None else inspection.spread._asdict(),
        "modes": {name: why and spell(why) for name, why in inspection.obstacles.items()},
        "checks": [
            {"name": check.name, "status": check.status, "message": spell(check.message)}
            for check in checks
        ],
    }


def _describe(loaded: LoadedModel, inspection: Inspection, size: int) -> str:
    checkpoint = loaded.checkpoint
    notes = "".join(f"{note}\n" for note in loaded.checkpoint.notes)
    classes = "" if loaded.num_classes is None else f", {loaded.num_classes} classes"
    return (
        f"{one_line(f'{checkpoint.path} as {loaded.network}')}{classes}, images {size}x{size}\n"
        f"sha256 {checkpoint.sha256}\n{notes}"
        f"{inspection.parameters.trainable:,} trainable parameters, "
        f"{inspection.parameters.with_running:,} with running statistics, "
        f"{inspection.num_groups} group{'s' if inspection.num_groups > 1 else ''}\n"
    )


def _layer_table(inspection: Inspection) -> str:
    rows: list[Sequence[str]] = [_HEADER]
    for row in inspection.rows:
        layer = row.layer
        rows.append(
            (
                shorten(one_line(layer.name)) or "(root)",
                shorten(one_line(layer.class_name)),
                str(layer.num_features or "-"),
                str(layer.num_groups),
                f"{layer.eps:g}",
                str(layer.positions or "-"),
                row.running,
                row.sets,
                row.image,
                row.rot90,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines) if inspection.rows else "no norm layers"


def _spread_table(inspection: Inspection, overall: GroupSpread) -> str:
    from robustbench_ln.reports.grids import Grid, to_text

    spreads = [(row.layer.name or "(root)", row.spread) for row in inspection.rows]
    rows = [(name, *_spread_cells(spread)) for name, spread in spreads if spread is not None]
    header = ("layer", "mean |gamma|", "SD over groups", "mean |beta|", "SD over groups")
    grid = Grid(header, (*rows, ("all channels", *_spread_cells(overall))))
    gamma, beta = (_share(sd, size) for size, sd in (overall[:2], overall[2:]))
    return (
        f"\nGamma and beta of the {inspection.num_groups} groups; the SD over groups is that of a "
        f"channel, its mean over channels\n{to_text(grid, width=_WIDTH)}"
        f"SD over groups: {gamma} of mean |gamma|, {beta} of mean |beta|; 0 % where all groups are "
        "the same"
    )


def _spread_cells(spread: GroupSpread) -> tuple[str, ...]:
    return tuple(f"{value:.4f}" for value in spread)


def _share(sd: float, size: float) -> str:
    return f"{sd / size * 100:.1f} %" if size else "0.0 %"


def _mode_list(inspection: Inspection) -> str:
    able = [name for name, obstacle in inspection.obstacles.items() if obstacle is None]
    lines = [f"\nmodes: {', '.join(able) or 'none'}"]
    lines += [f"  not {name}: {spell(why)}" for name, why in inspection.obstacles.items() if why]
    return "\n".join(lines)


def _check_list(results: Sequence[CheckResult]) -> str:
    lines = [f"  {result.name}: {result.status}; {spell(result.message)}" for result in results]
    return "\n".join(["\nchecks:", *lines])
