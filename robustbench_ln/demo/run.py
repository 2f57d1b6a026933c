"""Evaluate the shipped checkpoints on the shipped digits, by their names."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.request import EvaluationRequest, evaluate_request
from robustbench_ln.files.output_folders import refuse_other_folders
from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.progress import Progress
from robustbench_ln.spec import ConditionRequest, EvaluationSpec

__all__ = ["run_demo"]

_DIGITS = "demo:digits"
_NOISE, _CONVENTION, SIGMAS = "agn-additive", "released", (0.0, 0.5, 1.0, 2.0)
"""AGN as the released code has it for MNIST. The papers' text multiplies, which leaves the black
background of a digit black."""


def run_demo(
    out: Path,
    *,
    progress: Progress,
    sigmas: Sequence[float] = SIGMAS,
    limit: int | None = None,
) -> list[Path]:
    """Measure both networks in every mode they support; return their run directories.

    Args:
        out: The run directories are made in it, or continued.
        progress: Display that shows how far the job is.
        sigmas: Sigmas of the noise.
        limit: Number of digits to evaluate; None is all.

    Raises:
        RecordError: `out` is a file or holds something else, or cannot be written.
    """
    runs = {name: out / name.partition(":")[2] for name in SHIPPED_CHECKPOINTS}
    refuse_other_folders(out, [*(run.name for run in runs.values()), "report"], of="demo")
    for name, run in runs.items():
        progress.note(f"{SHIPPED_CHECKPOINTS[name].label}: {name} on {_DIGITS}")
        degradation = ConditionRequest(noises=(_NOISE,), convention=_CONVENTION, sigmas=sigmas)
        request = EvaluationRequest(
            network=NetworkSource(path=name),
            images=ImageRequest(data=_DIGITS, degradation=degradation),
            spec=EvaluationSpec(limit=limit),
            command=_command(name, run, sigmas, limit),
        )
        evaluate_request(request, out=run, progress=progress)
    return list(runs.values())


def _command(name: str, run: Path, sigmas: Sequence[float], limit: int | None) -> str:
    """Return the command that does the same, for captions."""
    words = ["ln-bench", "evaluate", name, "--data", _DIGITS]
    words += ["--noise", _NOISE, "--convention", _CONVENTION]
    words += ["--sigmas", ",".join(f"{sigma:g}" for sigma in sigmas)]
    words += ["--out", str(run)] if limit is None else ["--limit", str(limit), "--out", str(run)]
    return shlex.join(words)
