"""Options that several commands share, written once: the images, and what is done to them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.completion import complete
from robustbench_ln.cli.name_checks import check_choice, check_corruptions, check_kind, check_listed
from robustbench_ln.corruption_names import CONVENTIONS, RANGES, SEVERITY_TABLE_NAMES
from robustbench_ln.files.image_kinds import IMAGE_KINDS, STORED_KINDS

__all__ = [
    "CLEAN_KINDS",
    "TRAINING_KINDS",
    "ClassMap",
    "Classes",
    "Clean",
    "Convention",
    "Corruptions",
    "Crop",
    "Data",
    "Download",
    "FrostDir",
    "Interpolation",
    "Noise",
    "PixelRange",
    "Resize",
    "Severities",
    "SeverityTable",
    "Sigmas",
]

TRAINING_KINDS = (
    "arrays:FILE.npz, cifar10:DIR, cifar100:DIR, mnist:DIR, fashion-mnist:DIR, folder:DIR, "
    "imagenet:DIR, cars:DIR"
)
"""Sources of images to train on, as help lists them."""

CLEAN_KINDS = f"{TRAINING_KINDS}, demo:digits"
"""Sources of clean images, as help lists them."""

Data = Annotated[
    str,
    typer.Option(
        metavar="KIND:PATH",
        callback=check_kind("images", (*IMAGE_KINDS, *STORED_KINDS)),
        help=f"Test images: {CLEAN_KINDS}; or a corrupted set with --clean: cifar10-c:DIR, "
        "cifar100-c:DIR, imagenet-c:DIR, corrupted:DIR",
        show_default=False,
    ),
]
Clean = Annotated[
    str | None,
    typer.Option(
        metavar="KIND:PATH",
        callback=check_kind("clean", IMAGE_KINDS),
        help="Clean images of a corrupted set, as cifar10:DIR; --resize and --crop act on them",
        show_default=False,
    ),
]
Resize = Annotated[
    int | None,
    typer.Option(
        metavar="PIXELS",
        help="Picture files: scale the shorter side to this length, as in 256",
        show_default=False,
    ),
]
Crop = Annotated[
    int | None,
    typer.Option(
        metavar="PIXELS",
        help="Picture files: cut out the central square of this side, as in 224",
        show_default=False,
    ),
]
Interpolation = Annotated[
    str | None,
    typer.Option(
        metavar="FILTER",
        help="Picture files: filter of --resize: bilinear (default), bicubic, lanczos, "
        "nearest, box or hamming",
        show_default=False,
    ),
]
ClassMap = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help='folder: class index in the network by folder, as JSON {"cat": 3, "dog": 5}, or the '
        "folders in the network's order, as a JSON list or one a line; default: folders count "
        "from 0 by name, as many as the network has classes",
        show_default=False,
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Score these classes alone, names or WordNet ids one a line, or a JSON list; or "
        "imagenet-a, imagenet-r. Default: all",
        show_default=False,
    ),
]
Download = Annotated[
    bool,
    typer.Option("--download", help="Fetch the data set if it is missing, where torchvision can"),
]
Noise = Annotated[
    str,
    typer.Option(
        metavar="LIST",
        callback=check_listed("noises", "noise"),
        autocompletion=complete("noises"),
        help="Noises of the LocalNorm papers, as agn,apn,mbn (see ln-bench list noises)",
        show_default=False,
    ),
]
Sigmas = Annotated[
    str | None,
    typer.Option(
        metavar="LIST",
        help="Noise levels: 0,0.5,1 or start:stop:step, as 0:2:0.25. Default: the levels of "
        "the authors' code",
        show_default=False,
    ),
]
Convention = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        callback=check_choice("convention", CONVENTIONS),
        help="Definition of the noises: paper (the papers' text) or released (the authors' code)",
    ),
]
PixelRange = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="NAME",
        callback=check_choice("range", RANGES),
        help="How noisy images return to 0..1: clip, rescale or none. Default: the "
        "convention's own",
        show_default=False,
    ),
]
Corruptions = Annotated[
    str,
    typer.Option(
        metavar="LIST",
        callback=check_corruptions,
        autocompletion=complete("corruptions"),
        help="Common corruptions: cifar10-c or imagenet-c (all 19), or names, as fog,snow (see"
        " ln-bench list corruptions)",
        show_default=False,
    ),
]
SeverityTable = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=check_choice("severity table", SEVERITY_TABLE_NAMES),
        help="Parameters of severities 1-5 of named corruptions: cifar10-c or imagenet-c",
        show_default=False,
    ),
]
Severities = Annotated[
    str, typer.Option(metavar="LIST", help="Severities of --corruptions: 1-5, 5 or 1,3,5")
]
FrostDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Photographs for frost. Default: those of an installed package, else procedural "
        "textures",
        show_default=False,
    ),
]
