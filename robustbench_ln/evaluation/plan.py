"""Which passes a run needs: one for each distinct layout, none for cells that are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from robustbench_ln.data.class_list import digest_classes
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.evaluation.subject import Subject, check_images
from robustbench_ln.evaluation.supported_modes import choose_modes
from robustbench_ln.modes import Mode
from robustbench_ln.norms import NormLayer, StatisticsLayout, check_sliding, find_norm_layers
from robustbench_ln.runs.cells import CellKey, ModeOptions
from robustbench_ln.spec import ALL_SET_SIZES, Condition, EvaluationSpec

__all__ = ["Pass", "Plan", "cell_of", "make_passes", "missing_modes", "plan_passes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One layout, and the modes that its predictions feed."""

    layout: StatisticsLayout
    modes: tuple[Mode, ...]


class Plan(NamedTuple):
    """What is to be run.

    Attributes:
        layers: The network's norm layers.
        modes: The modes that were asked for, in the order of their table.
        passes: The passes that feed them.
    """

    layers: tuple[NormLayer, ...]
    modes: tuple[Mode, ...]
    passes: tuple[Pass, ...]


def plan_passes(subject: Subject, images: ImageSet, spec: EvaluationSpec) -> Plan:
    """Return modes and passes for a network and images, and check that they go together.

    Raises:
        SpecError: The network cannot be evaluated in a mode that was named.
        DataError: The images do not fit the network.
    """
    check_images(subject, images)
    shape = images.shape.as_input
    layers = find_norm_layers(subject.model, shape, subject.norm_classes)
    modes = choose_modes(spec.modes, layers, shape)
    num_images = min(len(images), spec.limit or len(images))
    if spec.is_sliding:
        _check_sliding(layers, spec)
    return Plan(layers, modes, make_passes(modes, spec, num_images))


def _check_sliding(layers: Sequence[NormLayer], spec: EvaluationSpec) -> None:
    check_sliding(layers)
    if spec.is_compiled:
        raise SpecError(
            f"{setting('sliding', True)} remembers earlier images from one forward pass to the "
            f"next, which {setting('compile_network', True)} cannot; leave one out"
        )


def make_passes(modes: Sequence[Mode], spec: EvaluationSpec, num_images: int) -> tuple[Pass, ...]:
    """Group modes by layout. With fewer images than a set asks for there is one set of all."""
    layouts: dict[StatisticsLayout, list[Mode]] = {}
    for mode in modes:
        for layout in _layouts_of(mode, spec, num_images):
            layouts.setdefault(layout, []).append(mode)
    return tuple(Pass(layout=layout, modes=tuple(feeds)) for layout, feeds in layouts.items())


def _layouts_of(mode: Mode, spec: EvaluationSpec, num_images: int) -> list[StatisticsLayout]:
    """Return the layouts of a mode: one for each size of its sets."""
    assert spec.group_size is not None, "evaluate() fills in the training's"
    several = _set_sizes(spec.set_sizes, num_images)
    sizes: Mapping[str, Sequence[int | None]] = {
        "running": (None,),
        "batch": several or (min(spec.stat_batch, num_images),),
        "set": several or (min(spec.group_size, num_images),),
    }
    prior = spec.prior if mode.is_mixed else None
    return [
        StatisticsLayout(
            name=mode.layout,
            set_size=size,
            prior=prior,
            is_sliding=spec.is_sliding and mode.layout in ("batch", "set"),
        )
        for size in sizes.get(mode.layout, (1,))
    ]


def _set_sizes(asked: Sequence[int], num_images: int) -> tuple[int, ...]:
    """Return the sizes of sets; of all sizes those that the images fill.

    Raises:
        SpecError: A size that was asked for is larger than the number of images.
    """
    fitting = tuple(size for size in asked if size <= num_images)
    if len(fitting) < len(asked) and asked != ALL_SET_SIZES:
        raise SpecError(
            f"{setting('set_sizes')} has sets of {max(asked)} images; {num_images} are evaluated"
        )
    return fitting


def cell_of(
    condition: Condition, mode: Mode, layout: StatisticsLayout, spec: EvaluationSpec
) -> CellKey:
    """Return the cell that a mode fills under a condition."""
    options = ModeOptions(
        mode=mode.name,
        set_size=layout.set_size,
        prior=None if layout.prior is None else f"{layout.prior:g}",
        tie_rule=spec.tie_rule if mode.reduction == "vote" else None,
        arithmetic=spec.arithmetic,
        outputs=spec.outputs,
        classes=digest_classes(spec.classes),
        sharing="sliding" if layout.is_sliding else "sets",
    )
    return CellKey(condition=condition, options=options, seed=spec.seed)


def missing_modes(
    one_pass: Pass, condition: Condition, done: Set[CellKey], spec: EvaluationSpec
) -> tuple[Mode, ...]:
    """Return the modes of a pass that have no row yet under a condition."""
    return tuple(
        mode
        for mode in one_pass.modes
        if cell_of(condition, mode, one_pass.layout, spec) not in done
    )
