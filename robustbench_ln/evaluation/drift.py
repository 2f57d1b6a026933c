"""Where statistics drift: by norm layer and condition, and what dynamic statistics mend of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_ln.corrupted_sets.reader import StoredSet
from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import LayoutError, SpecError, setting
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.device_batch import choose_device_batch
from robustbench_ln.evaluation.orders import evaluation_order
from robustbench_ln.evaluation.pass_run import View, Work, make_views, run_passes
from robustbench_ln.evaluation.plan import Pass
from robustbench_ln.evaluation.subject import Subject, check_images
from robustbench_ln.metrics.drift import Drift, gaussian_divergence
from robustbench_ln.norms import NormLayer, StatisticsLayout, find_norm_layers
from robustbench_ln.norms.costs import measure_costs
from robustbench_ln.norms.layers import copy_network, run_grey_images
from robustbench_ln.norms.moments import Moments, row_moments
from robustbench_ln.progress import Progress
from robustbench_ln.spec import CLEAN, Condition, EvaluationSpec

__all__ = ["measure_drift"]

Place = tuple[int, str]
"""Group of LocalNorm parameters, and name of a layer."""


def measure_drift(
    subject: Subject, images: ImageSet | StoredSet, spec: EvaluationSpec, *, progress: Progress
) -> Drift:
    """Measure the drift of each norm layer, and accuracy with the first k of them dynamic.

    What a layer sees is that of the network's own eval forward; of a network with layers that have
    no running statistics, of sets of images (`spec.group_size`, else the training's).

    Args:
        subject: The network.
        images: The test images; or a corrupted set with its clean ones.
        spec: Conditions, seed, limit, device, and in `stat_batch` the images of a set.
        progress: Display.

    Raises:
        LayoutError: No norm layer has statistics that could drift.
        SpecError: There is nothing but clean images, or no clean ones.
        DataError: The images do not fit the network.
    """
    base = images.base if isinstance(images, StoredSet) else images
    stored = dict(images.images) if isinstance(images, StoredSet) else {}
    conditions = spec.conditions
    if isinstance(images, StoredSet):
        conditions = images.join_conditions(conditions)
    if CLEAN not in conditions or len(conditions) < 2:
        raise SpecError(
            f"{setting('drift', True)} compares degraded images with clean ones; give both, as "
            f"with {setting('noises', 'agn')}"
        )
    check_images(subject, base)
    order = evaluation_order(base.labels, order="shuffled", seed=spec.seed, limit=spec.limit)
    layers = _layers_with_statistics(subject, base)
    passes = _plan(subject, layers, spec, num_images=len(order))
    seen, correct = [], []
    for condition in conditions:
        progress.describe(f"drift under {condition.corruption} {condition.severity:g}")
        work = Work(subject, stored.get(condition, base), order)
        with arithmetic(spec):
            found = _run(work, condition, passes, spec)
        seen.append(found.moments)
        correct.append(found.correct)
    counts = np.array(correct, dtype=np.int64).T  # [L + 1, D], or [0, D]
    return Drift(
        layers=tuple(layer.name for layer in layers),
        conditions=conditions,
        divergence=np.array(
            [[_divergence(layer, under, seen[0]) for under in seen] for layer in layers]
        ),
        correct=counts if len(passes) > 1 else None,
        num_images=len(order),
        set_size=passes[-1].layout.set_size or 1,
    )


def _layers_with_statistics(subject: Subject, images: ImageSet) -> list[NormLayer]:
    """Return the norm layers that layouts act on, in the order of the forward pass."""
    shape = images.shape.as_input
    found = {layer.name: layer for layer in find_norm_layers(subject.model, shape)
             if layer.kind != "fixed" and layer.positions is not None}  # fmt: skip
    if not found:
        raise LayoutError(
            f"{subject.label}: the network has no BatchNorm or LocalNorm layer, so that no "
            f"statistics can drift; leave {setting('drift', True)} out"
        )
    return [found[name] for name in find_call_order(subject.model, shape, [*found])]


def _plan(
    subject: Subject, layers: Sequence[NormLayer], spec: EvaluationSpec, *, num_images: int
) -> list[Pass]:
    """Return the pass that shows what layers see, and those with the first k layers dynamic."""
    if not all(layer.has_running for layer in layers):
        size = min(spec.group_size or subject.group_size, num_images)
        return [Pass(layout=StatisticsLayout.set(size), modes=())]
    batch = StatisticsLayout.batch(min(spec.stat_batch, num_images))
    names = [layer.name for layer in layers]
    return [
        Pass(layout=StatisticsLayout.running(), modes=()),
        *(Pass(layout=replace(batch, layers=frozenset(names[:k])), modes=())
          for k in range(1, len(names) + 1)),
    ]  # fmt: skip


class _Seen(NamedTuple):
    """What layers saw under a condition, and how many images were right in each pass."""

    moments: Mapping[Place, Moments]
    correct: list[int]


def _run(work: Work, condition: Condition, passes: Sequence[Pass], spec: EvaluationSpec) -> _Seen:
    """Return what layers saw in the first pass, and how many images were right in each."""
    images, labels = work.images, work.images.labels
    costs = measure_costs(work.subject.model, images.shape.as_input)
    batches = {p: choose_device_batch(p.layout, costs, spec) for p in passes}
    views = make_views(work.subject, images, batches, spec)
    tally = _Tally(views[passes[0]], num_images=len(work.indices))

    def count(logits: Tensor, indices: NDArray[np.int64]) -> int:
        return int((logits[0].argmax(dim=-1).numpy() == labels[indices]).sum())

    options = StreamOptions(seed=spec.seed, frost=spec.frost)
    passed = run_passes(views, work, condition, options=options, keep=count)
    return _Seen(tally.moments, [sum(passed.measured[p].parts) for p in passes])


class _Tally:
    """The mean and variance of what each norm layer of a view is given, over all its images.

    Args:
        view: A network under a layout.
        num_images: N; those that fill the last set behind them are left out.
    """

    def __init__(self, view: View, *, num_images: int) -> None:
        self.moments: dict[Place, Moments] = {}
        self._model, self._num_images = view.model, num_images
        self._counts: dict[Place, int] = {}
        self._passed: dict[int, int] = {}
        view.model.register_forward_hook(self._end_block)
        for layer in view.model.norm_layers:
            if layer.kind != "fixed":
                module = view.model.network.get_submodule(layer.name)
                module.register_forward_pre_hook(self._hook(layer.name))

    def _end_block(self, _model: nn.Module, _inputs: object, logits: Tensor) -> None:
        group = self._model.current.group
        self._passed[group] = self._passed.get(group, 0) + len(logits)

    def _hook(self, name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def add(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            group = self._model.current.group
            own = inputs[0][: self._num_images - self._passed.get(group, 0)]
            if len(own):
                self._add((group, name), row_moments(own))

        return add

    def _add(self, place: Place, rows: Moments) -> None:
        """Merge the moments of some images with those before them (Chan, Golub, LeVeque 1979)."""
        means, number = rows.mean.double(), len(rows.mean)
        mean = means.mean(dim=0)
        variance = rows.variance.double().mean(dim=0) + means.var(dim=0, correction=0)
        before = self._counts.get(place, 0)
        if before:
            earlier, weight = self.moments[place], number / (before + number)
            step = mean - earlier.mean
            variance = torch.lerp(earlier.variance, variance, weight)
            variance = variance + step.square() * weight * (1 - weight)
            mean = earlier.mean + step * weight
        self.moments[place] = Moments(mean, variance)
        self._counts[place] = before + number


def _divergence(
    layer: NormLayer, seen: Mapping[Place, Moments], clean: Mapping[Place, Moments]
) -> float:
    """Return the mean divergence over channels and groups; variances with the layer's eps."""
    found = []
    for (group, name), moments in seen.items():
        if name == layer.name:
            mean, variance = (each.cpu().numpy() for each in moments)
            of_clean = [each.cpu().numpy() for each in clean[group, name]]
            found.append(
                gaussian_divergence(
                    mean,
                    variance + layer.eps,
                    clean_mean=of_clean[0],
                    clean_variance=of_clean[1] + layer.eps,
                ).mean()
            )
    return float(np.mean(found))


def find_call_order(
    model: nn.Module, image_shape: tuple[int, int, int], names: Sequence[str]
) -> list[str]:
    """Return the names of some modules in the order in which a forward pass first calls them."""
    probe = copy_network(model).eval()
    called: dict[str, None] = {}
    for name in names:
        probe.get_submodule(name).register_forward_pre_hook(partial(_note, called, name))
    run_grey_images(probe, image_shape)
    return [*called]


def _note(called: dict[str, None], name: str, *_: object) -> None:
    called.setdefault(name)
