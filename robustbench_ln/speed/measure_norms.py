"""What the norms cost one network, at the sizes of the papers: training steps and forward passes.

Images are noise and weights are fresh: neither changes the time. All norms take turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from robustbench_ln.errors import SpecError, listing, setting
from robustbench_ln.evaluation.subject import versions
from robustbench_ln.evaluation.supported_modes import mode_obstacle
from robustbench_ln.lookup import find_entry
from robustbench_ln.models.registry import find_architecture
from robustbench_ln.modes import MODES
from robustbench_ln.norms import (
    NORMS,
    Converted,
    StatisticsLayout,
    count_parameters,
    find_norm_layers,
    replace_norms,
    with_statistics,
)
from robustbench_ln.norms.channels_last import to_channels_last
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.rng import stream
from robustbench_ln.speed.norm_costs import NetworkSpeed, NormSpeed
from robustbench_ln.speed.turns import Job, circumstances, time_in_turns
from robustbench_ln.training.recipes import RECIPES, Recipe
from robustbench_ln.training.step import Step, make_optimizer, training_step
from robustbench_ln.training.torch_seed import torch_seeded

__all__ = [
    "SPEED_ARCHS",
    "describe_timing",
    "find_paper_training",
    "pass_job",
    "prepare_candidates",
    "step_job",
    "time_norms",
]

SPEED_ARCHS = ("mnist-dnn", "vgg-localnorm", "resnet32-preact", "resnet20")
"""The papers' networks, and the one of docs/results/trained_networks.md."""

_LEARNING_RATE = 1e-6
"""Any rate takes as long; with this one no network leaves the finite numbers."""


class PaperTraining(NamedTuple):
    """Sizes of a training in the papers."""

    data: str
    epoch_images: int
    recipe: Recipe


_PAPER_TRAININGS = {
    28: PaperTraining("MNIST", 60_000, RECIPES["mnist"]),
    32: PaperTraining("CIFAR-10", 50_000, RECIPES["cifar-resnet"]),
}
"""By the side of a network's images. Recipe cifar-vgg has the same batch and groups."""


class Batch(NamedTuple):
    """Images [N, C, H, W] of noise, 0..1, and labels [N]."""

    images: Tensor
    labels: Tensor


class Candidates(NamedTuple):
    """One network under several norms.

    Attributes:
        networks: Norm -> network.
        layouts: Norm -> mode -> the statistics of its forward passes.
        batch: What each of them is given.
    """

    networks: dict[str, nn.Module]
    layouts: dict[str, dict[str, StatisticsLayout]]
    batch: Batch


def time_norms(
    arch: str, norms: Sequence[str], *, repetitions: int, progress: Progress | None = None
) -> NetworkSpeed:
    """Time a network with BatchNorm and with some norms in its place.

    Args:
        arch: A network for images of 28 or 32 pixels, by name.
        norms: Ids of NORMS; BatchNorm is always among them, since it is what they are compared to.
        repetitions: Timed turns, 1 or more; one goes before them, untimed.
        progress: Display that shows how far the job is; None shows nothing.

    Raises:
        SpecError: No such network or norm, a network for other images, or no repetition.
        LayoutError: The network has no BatchNorm2d in whose place a norm could be.
    """
    for norm in norms:
        find_entry(NORMS, norm, kind="norm", listed="norms")
    if repetitions < 1:
        raise SpecError(f"{setting('repetitions')} is {repetitions}; expected 1 or more")
    training = find_paper_training(arch)
    recipe, watcher = training.recipe, progress or Silent()
    chosen = [norm for norm in NORMS if norm == "batch" or norm in norms]
    with torch_seeded(0, "norm speed"):  # weights, dropout
        candidates = prepare_candidates(arch, chosen, training)
        watcher.note(f"timing {arch}")
        seconds = _time_jobs(candidates, recipe, repetitions, progress=watcher)
    return NetworkSpeed(
        arch=arch,
        data=training.data,
        epoch_images=training.epoch_images,
        batch_size=recipe.batch_size,
        num_groups=recipe.num_groups,
        norms=tuple(
            NormSpeed(
                norm=norm,
                **count_parameters(model)._asdict(),
                step_seconds=tuple(seconds[norm]),
                mode_seconds={m: tuple(seconds[f"{norm} {m}"]) for m in candidates.layouts[norm]},
            )
            for norm, model in candidates.networks.items()
        ),
    )


def describe_timing(command: str, repetitions: int) -> dict[str, Any]:
    """Return what a record of such times says about where and how they were taken."""
    about = circumstances(command, threads=torch.get_num_threads())
    return about | {"versions": versions(), "repetitions": repetitions}


def find_paper_training(arch: str) -> PaperTraining:
    """Return the training of the papers that has images of the network's size.

    Raises:
        SpecError: No such network, or none of the papers' trainings has images of its size.
    """
    size = find_architecture(arch).image_size
    if size not in _PAPER_TRAININGS:
        known = " and ".join(f"{side} ({s.data})" for side, s in _PAPER_TRAININGS.items())
        raise SpecError(
            f"{setting('arch', arch)} takes images of {size} pixels; the papers have batches and "
            f"epochs for networks of {known} pixels, as resnet20{listing('archs')}"
        )
    return _PAPER_TRAININGS[size]


def prepare_candidates(arch: str, norms: Sequence[str], training: PaperTraining) -> Candidates:
    """Return the network under each norm, with fresh weights, and a batch of noise."""
    architecture, recipe = find_architecture(arch), training.recipe
    shape = (architecture.in_channels, architecture.image_size, architecture.image_size)
    bare = architecture.build(architecture.num_classes, architecture.in_channels)
    networks = {norm: replace_norms(bare, norm, num_groups=recipe.num_groups) for norm in norms}
    return Candidates(
        networks={norm: network.model for norm, network in networks.items()},
        layouts={norm: _layouts_of(network, shape, recipe) for norm, network in networks.items()},
        batch=_draw_batch(recipe.batch_size, shape, architecture.num_classes),
    )


def _time_jobs(
    candidates: Candidates, recipe: Recipe, repetitions: int, *, progress: Progress
) -> dict[str, list[float]]:
    """Return the seconds of the training steps, by norm, and of the passes, by norm and mode."""
    networks, layouts, batch = candidates

    def timed(jobs: dict[str, Job]) -> dict[str, list[float]]:
        return time_in_turns(jobs, repetitions, images=recipe.batch_size, progress=progress)

    turns, num_jobs = repetitions + 1, len(networks) + sum(map(len, layouts.values()))
    progress.start(cells=2 * turns, image_passes=turns * num_jobs * recipe.batch_size, unit="turn")
    steps = timed({norm: step_job(model, recipe, batch) for norm, model in networks.items()})
    passes = timed(
        {
            f"{norm} {mode}": pass_job(networks[norm], layout, batch.images)
            for norm, found in layouts.items()
            for mode, layout in found.items()
        }
    )
    return steps | passes


def _layouts_of(
    network: Converted, shape: tuple[int, int, int], recipe: Recipe
) -> dict[str, StatisticsLayout]:
    """Return the layouts that the norm's own layers have; a BatchNorm1d that stayed has others."""
    layers = find_norm_layers(network.model, shape)
    own = [layer for layer in layers if layer.name in network.replaced]
    group_size = recipe.batch_size // recipe.num_groups
    layouts = {
        "plain": StatisticsLayout.running(),
        "dbn-batch": StatisticsLayout.batch(recipe.batch_size),
        "ln-batch": StatisticsLayout.set(group_size),
    }
    return {
        mode: layout
        for mode, layout in layouts.items()
        if mode_obstacle(MODES[mode], own, shape) is None
    }


def _draw_batch(num_images: int, shape: tuple[int, int, int], num_classes: int) -> Batch:
    images = stream(0, "norm speed").random((num_images, *shape), dtype=np.float32)
    return Batch(torch.from_numpy(images), torch.arange(num_images) % num_classes)


def step_job(model: nn.Module, recipe: Recipe, batch: Batch) -> Callable[[], Step]:
    """Return a training step as `train` does it; called, it returns what the step came to.

    The model is changed, its weights and images are channels_last.
    """
    to_channels_last(model.train())
    images = batch.images.contiguous(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, replace(recipe, learning_rate=_LEARNING_RATE))

    def run() -> Step:
        step = training_step(model, optimizer, images=images, labels=batch.labels)
        assert math.isfinite(step.loss)  # else it had no backward pass
        return step

    return run


def pass_job(model: nn.Module, layout: StatisticsLayout, images: Tensor) -> Callable[[], Tensor]:
    """Return a forward pass as `evaluate` does it, channels_last; called, it returns the logits."""
    _, channels, height, width = images.shape
    view = with_statistics(model, layout, image_shape=(channels, height, width))
    shown = images.contiguous(memory_format=torch.channels_last)

    def run() -> Tensor:
        with torch.inference_mode():
            logits: Tensor = view(shown)
        return logits

    return run
