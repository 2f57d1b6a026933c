"""Evaluate the shipped checkpoints on the shipped digits."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.demo.digits import DIGITS, NETWORKS, DemoNetwork
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import subject_of
from robustbench_ln.files.output_folders import refuse_other_folders
from robustbench_ln.models.opened import open_network
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.progress import Progress
from robustbench_ln.spec import EvaluationSpec

__all__ = ["run_demo"]

NOISE, SIGMAS = "agn-additive", (0.0, 0.5, 1.0, 2.0)
"""AGN as the released code has it for MNIST. The papers' text multiplies, which leaves the black
background of a digit black."""

_ARCH, _NORMALIZE = "mnist-dnn", "none"


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
        progress: Who is told.
        sigmas: Of the noise.
        limit: Evaluate so many digits; None is all.

    Raises:
        RecordError: `out` is a file or holds something else, or cannot be written.
    """
    folders = [network.folder for network in NETWORKS]
    refuse_other_folders(out, [*folders, "report"], of="demo")
    images = load_images(f"arrays:{DIGITS}", DataOptions())
    spec = EvaluationSpec(
        conditions=noise_conditions(
            [NOISE], convention="released", pixel_range="none", sigmas=sigmas
        ),
        limit=limit,
    )
    for network in NETWORKS:
        progress.note(f"{network.label}: {network.checkpoint.name}, {len(images)} digits")
        run = out / network.folder
        opened = open_network(NetworkSource(path=network.checkpoint, arch=_ARCH), _NORMALIZE)
        command = _command(network, run, sigmas, limit)
        subject = subject_of(opened, images.shape, label=network.label, command=command)
        evaluate(subject, images, spec, out=run, progress=progress)
    return [out / folder for folder in folders]


def _command(network: DemoNetwork, run: Path, sigmas: Sequence[float], limit: int | None) -> str:
    """Return the command that does the same, for captions."""
    words = ["ln-bench", "evaluate", str(network.checkpoint), "--arch", _ARCH]
    words += ["--normalize", _NORMALIZE, "--data", f"arrays:{DIGITS}", "--noise", NOISE]
    words += ["--convention", "released", "--range", "none"]
    words += ["--sigmas", ",".join(f"{sigma:g}" for sigma in sigmas), "--label", network.label]
    words += ["--out", str(run)] if limit is None else ["--limit", str(limit), "--out", str(run)]
    return shlex.join(words)
