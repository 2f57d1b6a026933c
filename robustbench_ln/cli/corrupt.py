"""`ln-bench corrupt`: sets of corrupted images on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.name_checks import check_kind
from robustbench_ln.cli.options import (
    CLEAN_KINDS,
    ClassMap,
    Convention,
    Corruptions,
    Crop,
    Download,
    EngineName,
    FrostDir,
    Interpolation,
    Noise,
    PixelRange,
    RayAddress,
    Resize,
    Severities,
    SeverityTable,
    Sigmas,
    Workers,
    count_or_auto,
    split_names,
)
from robustbench_ln.cli.spelling import spell
from robustbench_ln.corruption_names import parse_severities, parse_sigmas
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError
from robustbench_ln.files.image_kinds import IMAGE_KINDS
from robustbench_ln.texts.console import say
from robustbench_ln.workers.engine import Engine

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
    from robustbench_ln.files.pictures import Framing

    if verify is not None:
        _verify(verify, data)
        return
    if data is None or (out is None and preview is None):
        raise SpecError("give DATA and --out DIR, as in cifar10:data --out CIFAR-10-C")
    num_workers = count_or_auto("workers", workers)
    distributor = Engine(name=engine, address=ray_address)
    levels = None if sigmas is None else parse_sigmas(sigmas)
    chosen = parse_severities(severities)
    framing = Framing(resize=resize, crop=crop, interpolation=interpolation)
    from robustbench_ln.corrupted_sets.preview import write_sheet
    from robustbench_ln.corrupted_sets.spec import GenerationSpec
    from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
    from robustbench_ln.corruptions.request import ConditionRequest
    from robustbench_ln.corruptions.stream import StreamOptions
    from robustbench_ln.data import DataOptions, load_images

    request = ConditionRequest(
        noises=split_names(noise),
        sigmas=levels,
        convention=convention,
        pixel_range=pixel_range,
        corruptions=split_names(corruptions),
        severity_table=severity_table,
        severities=chosen,
        frost_dir=frost_dir,
    )
    degradation = request.resolve_one_family(data.partition(":")[0])
    spec = GenerationSpec(
        conditions=degradation.conditions,
        format=set_format or ("npz" if noise else "npy"),
        uses_jpeg=jpeg,
        seed=seed,
        limit=limit,
    )
    images = load_images(data, DataOptions(framing=framing, class_map=class_map, download=download))
    if preview is not None:
        stream = StreamOptions(seed=seed, frost=degradation.frost)
        write_sheet(images, spec.conditions, stream, path=preview, overwrite=overwrite)
    if out is not None:
        options = GenerationOptions(
            workers=num_workers,
            frost=degradation.frost,
            overwrite=overwrite,
            engine=distributor,
        )
        with open_display(spell) as display:
            for line in images.notes:
                display.note(f"Note: {line}")
            generate(images, spec, out=out, options=options, progress=display)


def _verify(folder: Path, data: str | None) -> None:
    from robustbench_ln.corrupted_sets.writer import verify

    if data is not None:
        raise SpecError("--verify DIR stands alone; leave DATA out")
    say(f"{folder}: {verify(folder)} files are as they were written")
