"""The network under test under a layout of statistics, on its device."""

from __future__ import annotations

from robustbench_ln.evaluation.checks import as_logits
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.norms import StatisticsLayout, StatisticsModel, with_statistics
from robustbench_ln.spec import EvaluationSpec

__all__ = ["make_view"]


def make_view(
    subject: Subject,
    layout: StatisticsLayout,
    spec: EvaluationSpec,
    image_shape: tuple[int, int, int],
) -> StatisticsModel:
    """Return the network under a layout, on its device, with logits as its output."""
    view = with_statistics(
        subject.model,
        layout,
        image_shape=image_shape,
        norm_classes=subject.norm_classes,
    )
    view = view.to(spec.device)
    if spec.outputs == "probabilities":
        view.network.register_forward_hook(lambda _network, _images, rows: as_logits(rows))
    if spec.is_compiled:
        view.network.compile()
    return view
