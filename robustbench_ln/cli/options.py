"""Options that several commands share, written once: the network, modes, machines, reports."""

from __future__ import annotations

from typing import Annotated

import typer

from robustbench_ln.cli.completion import complete

__all__ = [
    "Arch",
    "AsJson",
    "Baseline",
    "Checkpoint",
    "CheckpointKey",
    "Device",
    "DeviceBatch",
    "Devices",
    "DownloadAll",
    "DownloadWeights",
    "EngineName",
    "Model",
    "Modes",
    "Names",
    "Normalize",
    "RayAddress",
    "RayGpus",
    "Shard",
    "Ties",
    "Trust",
    "Workers",
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
