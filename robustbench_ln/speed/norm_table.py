"""The papers' table of speed and parameters, from measured times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from robustbench_ln.reports.grids import Grid
from robustbench_ln.speed.norm_costs import NetworkSpeed, NormSpeed

__all__ = ["speed_caption", "speed_grid", "speed_note"]


class PaperSpeed(NamedTuple):
    """A row of the papers' table."""

    epoch_seconds: int
    parameters: int


PAPER = {
    "vgg-localnorm": {
        "batch": PaperSpeed(20, 15_001_418),
        "local": PaperSpeed(23, 15_115_690),
        "switch": PaperSpeed(30, 15_001_496),
    },
    "resnet32-preact": {
        "batch": PaperSpeed(21, 470_218),
        "local": PaperSpeed(26, 473_610),
        "switch": PaperSpeed(56, 470_414),
    },
}
"""LocalNorm (arXiv), table 2: CIFAR-10 on one Titan Xp."""

_MODES = ("plain", "dbn-batch", "ln-batch")


def speed_caption(network: NetworkSpeed) -> str:
    """Return what the table of a network is about."""
    group_size = network.batch_size // network.num_groups
    return (
        f"{network.arch}, {network.data}: {network.epoch_steps} steps of {network.batch_size} "
        f"images an epoch; LocalNorm with {network.num_groups} groups of {group_size} images"
    )


def speed_grid(network: NetworkSpeed) -> Grid:
    """Return a row for each norm, the papers' numbers beside ours where they have the network."""
    columns = {
        ("", "norm"): [norm.norm for norm in network.norms],
        ("", "s/epoch"): [f"{network.epoch_seconds(norm):.1f}" for norm in network.norms],
        ("", "x batch"): [f"{network.step_ratio(norm):.2f}" for norm in network.norms],
        ("paper", "x batch"): [_paper_ratio(network.arch, norm.norm) for norm in network.norms],
        ("", "parameters"): [f"{norm.with_running:,}" for norm in network.norms],
        ("paper", "parameters"): [_paper_count(network.arch, norm.norm) for norm in network.norms],
        ("", "trainable"): [f"{norm.trainable:,}" for norm in network.norms],
    } | {
        ("images/s", mode): [_rate(network, norm, mode) for norm in network.norms]
        for mode in _MODES
    }
    kept = [key for key in columns if key[0] != "paper" or network.arch in PAPER]
    groups, header = zip(*kept, strict=True)
    return Grid(header, tuple(zip(*(columns[key] for key in kept), strict=True)), groups)


def speed_note(networks: Sequence[NetworkSpeed], about: Mapping[str, Any]) -> str:
    """Return what the tables' columns are, and where the times were taken.

    Args:
        networks: Those of the tables.
        about: The rest of their record.
    """
    sentences = [
        "s/epoch: the median training step x steps, without reading images and validation.",
        "x batch: the step in units of BatchNorm's of the same turn.",
        "Parameters: with running statistics, as the papers count them.",
        "Images/s: forward passes of one batch; plain with running statistics or the images' own, "
        "dbn-batch as one set, ln-batch as sets of a training group's size.",
    ]
    if any(network.arch in PAPER for network in networks):
        sentences.insert(
            3,
            "Paper: LocalNorm (arXiv), table 2, on a Titan Xp; its counts for LocalNorm do not "
            "follow from the layer.",
        )
    return " ".join([*sentences, _conditions(about)])


def _conditions(about: Mapping[str, Any]) -> str:
    load = "" if about["load"] is None else f", load average {about['load']:.1f} before"
    return (
        f"Medians of {_count(about['repetitions'], 'repetition')} in turns, "
        f"{_count(about['threads'], 'thread')} on {_count(about['cores'], 'core')}{load}, "
        f"torch {about['versions']['torch']}."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _paper_ratio(arch: str, norm: str) -> str:
    rows = PAPER.get(arch, {})
    if norm not in rows:
        return "-"
    return f"{rows[norm].epoch_seconds / rows['batch'].epoch_seconds:.2f}"


def _paper_count(arch: str, norm: str) -> str:
    row = PAPER.get(arch, {}).get(norm)
    return "-" if row is None else f"{row.parameters:,}"


def _rate(network: NetworkSpeed, norm: NormSpeed, mode: str) -> str:
    rate = network.images_per_second(norm, mode)
    return "-" if rate is None else f"{rate:,.0f}"
