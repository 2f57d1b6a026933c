"""Options that several commands share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustbench_ln.cli.completion import complete
from robustbench_ln.cli.name_checks import (
    check_choice,
    check_corruptions,
    check_kind,
    check_listed,
    split_names,
)
from robustbench_ln.corruption_names import CONVENTIONS, RANGES, SEVERITY_TABLE_NAMES
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.files.image_kinds import IMAGE_KINDS, STORED_KINDS

__all__ = [
    "CLEAN_KINDS",
    "TRAINING_KINDS",
    "Arch",
    "AsJson",
    "Baseline",
    "Checkpoint",
    "CheckpointKey",
    "ClassMap",
    "Classes",
    "Clean",
    "Convention",
    "Corruptions",
    "Crop",
    "Data",
    "Device",
    "DeviceBatch",
    "Devices",
    "Download",
    "DownloadAll",
    "DownloadWeights",
    "EngineName",
    "FrostDir",
    "Interpolation",
    "Model",
    "Modes",
    "Names",
    "Noise",
    "Normalize",
    "PixelRange",
    "RayAddress",
    "RayGpus",
    "Resize",
    "Severities",
    "SeverityTable",
    "Shard",
    "Sigmas",
    "Ties",
    "Trust",
    "Workers",
    "count_or_auto",
    "split_names",
]

Checkpoint = Annotated[
    str,
    typer.Argument(
        metavar="CKPT",
        help="Saved weights: .pt .pth .th .tar .safetensors; hf:DIR, a folder with config.json and "
        "model.safetensors; or demo:batchnorm, demo:localnorm, which come with the package",
        show_default=False,
    ),
]
Arch = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        autocompletion=complete("archs"),
        help="Network: resnet20, vgg-localnorm, ... (see ln-bench list archs), "
        "torchvision:NAME, timm:NAME, or hf:DIR for its config.json. Default: what CKPT states, "
        "if ln-bench train or convert wrote it, or if it is hf:DIR or demo:NAME",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.py:FUNCTION",
        help="Your own network: FUNCTION() in FILE.py returns it. Runs that file.",
        show_default=False,
    ),
]
CheckpointKey = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="Entry of the file that holds the weights, where it has several: state_dict, ema",
        show_default=False,
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust-checkpoint",
        help="Load a file that needs to run code of its own. Only for files you made.",
    ),
]
Normalize = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|MEAN/STD",
        autocompletion=complete("normalizations"),
        help="Input normalisation the network was trained with: none (0..1), symmetric (-1..1), "
        "raw (0..255), imagenet, cifar10, cifar100, mnist, or 0.5,0.5,0.5/0.25,0.25,0.25. "
        "Required, unless published weights of torchvision or timm, a checkpoint of ln-bench "
        "train, hf:DIR or demo:NAME states it.",
        show_default=False,
    ),
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
Modes = Annotated[
    str,
    typer.Option(
        metavar="LIST",
        autocompletion=complete("modes"),
        help="Evaluation modes, as bn,dbn-batch,ln-voting, or all (see ln-bench list modes)",
    ),
]
Ties = Annotated[
    str,
    typer.Option(
        metavar="RULE",
        help="How a tied vote is decided: random (the papers), lowest (the authors' code) or "
        "logit-sum",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object instead, as docs/json.md explains"),
]
Baseline = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE.csv|RUN[:MODE]|none",
        autocompletion=complete("baselines"),
        help="What mCE is relative to: alexnet, wrn-40-2 (ln-bench list baselines), a table of "
        "errors, or a mode of a run; none: mean errors only",
    ),
]
Names = Annotated[
    str,
    typer.Option(
        metavar="papers|ids",
        help="What the modes are called: as in the papers, or by their ids, as in --modes; CSV "
        "files always have ids",
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
DownloadWeights = Annotated[
    bool,
    typer.Option(
        "--download",
        help="Where CKPT is missing: fetch it, if it is named as torchvision or timm publish it "
        "for --arch",
    ),
]
DownloadAll = Annotated[
    bool,
    typer.Option(
        "--download",
        help="Fetch what is missing: CKPT, if it is named as torchvision or timm publish it for "
        "--arch, and the data set, where torchvision can",
    ),
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
Devices = Annotated[
    str,
    typer.Option(
        metavar="DEVICE",
        help="Where the network runs: cpu, cuda, cuda:1, ..., several GPUs as cuda:0,cuda:1, or "
        "auto: cuda where there is one",
    ),
]
DeviceBatch = Annotated[
    str,
    typer.Option(
        metavar="N",
        help="Images in the network at once, or auto: as many as suit cache and memory; results "
        "differ by rounding alone",
    ),
]
Workers = Annotated[
    str,
    typer.Option(
        metavar="N",
        help="Number of processes, or auto: as many as are worth their start; changes no result",
    ),
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Who shares the work: processes of this machine, or ray, which needs "
        "pip install 'ray>=2.40'; changes no result",
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|auto",
        help="Ray cluster that this machine is part of. Default: Ray starts on this machine alone",
        show_default=False,
    ),
]
RayGpus = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="--engine ray --device cuda: GPUs of each unit; 0.25 lets four share one. Default: 1",
        show_default=False,
    ),
]
Shard = Annotated[
    str,
    typer.Option(
        metavar="I/N",
        help="Measure the I-th of N shards: every N-th condition, and the clean images; each shard "
        "needs a run directory of its own, and report reads them as one run; 1/1 is the whole",
    ),
]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", help="Where the network runs: cpu, cuda, cuda:1, ...")
]


def count_or_auto(name: str, text: str) -> int | None:
    """Return the number that an option holds, None for "auto".

    Args:
        name: The setting's, for the message.
        text: "auto" or a whole number.
    """
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError as error:
        raise SpecError(f"{setting(name, text)}: expected a whole number, or auto") from error
