"""The runs of an audit: the same images in several orders, in sets of several sizes.

Each order is a run directory of its own with ordinary rows. Nothing is measured here that
`ln-bench evaluate` would not measure with `--order` and other sizes of sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.evaluation.planned_run import plan_run
from robustbench_ln.evaluation.request import EvaluationRequest, evaluate_request, open_request
from robustbench_ln.modes import MODES, Mode
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.runs.records import read_records

__all__ = ["SHUFFLED", "audit_runs"]

SHUFFLED = "shuffled"


def audit_runs(
    request: EvaluationRequest,
    streams: Sequence[str],
    *,
    is_sliding: bool,
    out: Path,
    progress: Progress,
) -> dict[str, Path]:
    """Measure what is missing of an audit, and return the run directory of each stream.

    The shuffled stream has all modes that were asked for; "all" includes bn-adapt where there is
    BatchNorm. The other streams have the modes with sets alone, since no other mode sees the order.

    Args:
        request: The evaluation, with the sizes of sets. Its order is left aside.
        streams: Orders, without "shuffled", which is always measured first.
        is_sliding: Whether to measure statistics that slide too, in every stream.
        out: Folder of the run directories, each named after its stream.
        progress: Display that shows how far the job is.

    Raises:
        SpecError: No mode has sets.
        LnBenchError: See `evaluate_request`; before anything is measured.
    """
    asked = request.spec.modes
    if asked != ("all",):
        _with_sets(asked)
    _try_plans(request, streams, is_sliding=is_sliding, progress=progress)
    _evaluate(request, SHUFFLED, asked, out, progress)
    found = dict.fromkeys(record.mode for record in read_records(out / SHUFFLED))
    if asked == ("all",) and "bn" in found:
        _evaluate(request, SHUFFLED, ("bn-adapt",), out, progress)
        found |= dict.fromkeys(["bn-adapt"])
    with_sets = _with_sets([*found])
    for stream in streams:
        _evaluate(request, stream, with_sets, out, progress)
    if is_sliding:
        sliding = replace(request, spec=replace(request.spec, is_sliding=True))
        for stream in (SHUFFLED, *streams):
            _evaluate(sliding, stream, with_sets, out, progress)
    return {stream: out / stream for stream in (SHUFFLED, *streams)}


def _try_plans(
    request: EvaluationRequest, streams: Sequence[str], *, is_sliding: bool, progress: Progress
) -> None:
    """Refuse what the last stream would refuse before the first is measured."""
    progress.describe("planning")
    opened = open_request(request, progress=Silent())
    for stream in (SHUFFLED, *streams):
        spec = replace(opened.spec, order=stream, is_sliding=is_sliding)
        plan = plan_run(opened.subject, opened.images, spec).plan
        if not any(map(_has_sets, plan.modes)):
            raise SpecError(
                f"{opened.subject.label}: the network supports no mode in which images share "
                "statistics, so there is nothing to audit"
            )


def _with_sets(modes: Sequence[str]) -> tuple[str, ...]:
    """Return the modes in which sets of images share statistics.

    Raises:
        SpecError: There is none.
    """
    found = tuple(mode for mode in modes if _has_sets(MODES[mode]))
    if not found:
        raise SpecError(
            f"{setting('modes', ','.join(modes))}: none has sets of images that share statistics, "
            "so there is nothing to audit"
        )
    return found


def _has_sets(mode: Mode) -> bool:
    return mode.layout in ("batch", "set")


def _evaluate(
    request: EvaluationRequest,
    stream: str,
    modes: tuple[str, ...],
    out: Path,
    progress: Progress,
) -> None:
    progress.describe(stream)
    spec = replace(request.spec, order=stream, modes=modes)
    evaluate_request(replace(request, spec=spec), out=out / stream, progress=progress)
