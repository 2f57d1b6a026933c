"""`ln-bench corrupt`: sets of corrupted images on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.asked import (
    count_or_auto,
    data_options_of,
    degradation_of,
    engine_of,
    framing_of,
)
from robustbench_ln.cli.image_options import (
    CLEAN_KINDS,
    ClassMap,
    Convention,
    Corruptions,
    Crop,
    Download,
    FrostDir,
    Interpolation,
    Noise,
    PixelRange,
    Resize,
    Severities,
    SeverityTable,
    Sigmas,
)
from robustbench_ln.cli.name_checks import check_kind
from robustbench_ln.cli.options import EngineName, RayAddress, Workers
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError
from robustbench_ln.files.image_kinds import IMAGE_KINDS
from robustbench_ln.texts.console import say

__all__ = ["corrupt"]


def corrupt(
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            callback=check_kind("images", IMAGE_KINDS),
            help=f"Clean images: {CLEAN_KINDS}",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The set's folder; the same command resumes it", show_default=False
        ),
    ] = None,
    corruptions: Corruptions = "",
    severity_table: SeverityTable = None,
    severities: Severities = "1-5",
    frost_dir: FrostDir = None,
    noise: Noise = "",
    sigmas: Sigmas = None,
    convention: Convention = "paper",
    pixel_range: PixelRange = None,
    set_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="npy (as CIFAR-10-C), folder (as ImageNet-C) or npz (one archive a condition); "
            "default: npy, for noises npz",
            show_default=False,
        ),
    ] = None,
    jpeg: Annotated[
        bool, typer.Option("--jpeg", help="folder: JPEG of quality 85, as published; without: PNG")
    ] = False,
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw the first image under every condition; without --out only that",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed for all random draws")] = 0,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Use only the first N images. Default: all", show_default=False
        ),
    ] = None,
    workers: Workers = "auto",
    engine: EngineName = "processes",
    ray_address: RayAddress = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the set that is in the folder")
    ] = False,
    verify: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Read a set again and compare its digests", show_default=False
        ),
    ] = None,
    resize: Resize = None,
    crop: Crop = None,
    interpolation: Interpolation = None,
    class_map: ClassMap = None,
    download: Download = False,
) -> None:
    """Write corrupted images in the formats of CIFAR-10-C and ImageNet-C, or check such a set."""
    options = dict(locals())

    if verify is not None:
        _verify(verify, data)
        return
    if data is None or (out is None and preview is None):
        raise SpecError("give DATA and --out DIR, as in cifar10:data --out CIFAR-10-C")
    num_workers, distributor = count_or_auto("workers", workers), engine_of(options)
    asked, _ = degradation_of(options), framing_of(options)
    from robustbench_ln.corrupted_sets.preview import write_sheet
    from robustbench_ln.corrupted_sets.spec import GenerationSpec
    from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
    from robustbench_ln.corruptions.request import resolve_one_family
    from robustbench_ln.corruptions.stream import StreamOptions
    from robustbench_ln.data import load_images

    degradation = resolve_one_family(asked, data.partition(":")[0])
    spec = GenerationSpec(
        conditions=degradation.conditions,
        format=set_format or ("npz" if noise else "npy"),
        uses_jpeg=jpeg,
        seed=seed,
        limit=limit,
    )
    images = load_images(data, data_options_of(options, download=download))
    if preview is not None:
        stream = StreamOptions(seed=seed, frost=degradation.frost)
        write_sheet(images, spec.conditions, stream, path=preview, overwrite=overwrite)
    if out is not None:
        how = GenerationOptions(
            workers=num_workers,
            frost=degradation.frost,
            overwrite=overwrite,
            engine=distributor,
        )
        with open_display(spell) as display:
            for line in images.notes:
                display.note(f"Note: {line}")
            generate(images, spec, out=out, options=how, progress=display)


def _verify(folder: Path, data: str | None) -> None:
    from robustbench_ln.corrupted_sets.writer import verify

    if data is not None:
        raise SpecError("--verify DIR stands alone; leave DATA out")
    say(f"{folder}: {verify(folder)} files are as they were written")
