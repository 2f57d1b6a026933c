"""All checks of a run: before its first cell, and after its clean one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import CheckError, Message, setting
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.checks.chance import check_chance
from robustbench_ln.evaluation.checks.class_order import (
    check_class_order,
    check_folder_numbers,
)
from robustbench_ln.evaluation.checks.clean_cell import read_clean_cells
from robustbench_ln.evaluation.checks.fresh_statistics import (
    check_fresh_statistics,
    is_settled,
)
from robustbench_ln.evaluation.checks.image_size import check_image_size
from robustbench_ln.evaluation.checks.independence import check_independence
from robustbench_ln.evaluation.checks.input_statistics import check_input_statistics
from robustbench_ln.evaluation.checks.little_training import describe_little_training
from robustbench_ln.evaluation.checks.outputs import check_outputs, find_outputs
from robustbench_ln.evaluation.checks.pixel_range import check_pixel_range
from robustbench_ln.evaluation.checks.probe import Probe, make_probe, sample_pixels
from robustbench_ln.evaluation.checks.relabelling import check_relabelling
from robustbench_ln.evaluation.checks.repeatability import check_repeatability
from robustbench_ln.evaluation.checks.result import CheckResult
from robustbench_ln.evaluation.checks.stated_accuracy import check_stated_accuracy
from robustbench_ln.evaluation.checks.stored_images import check_stored_images
from robustbench_ln.evaluation.checks.stored_normalization import check_stored_normalization
from robustbench_ln.evaluation.checks.unseen_norms import check_unseen_norms
from robustbench_ln.evaluation.subject import Subject
from robustbench_ln.norms import NormLayer
from robustbench_ln.progress import Progress
from robustbench_ln.runs.writing import RunDirectory
from robustbench_ln.spec import Condition, EvaluationSpec

__all__ = ["RunChecks", "check_probe", "tell"]

_BEFORE = (
    check_repeatability,
    check_independence,
    check_outputs,
    check_unseen_norms,
    check_fresh_statistics,
    check_input_statistics,
    check_stored_normalization,
    check_pixel_range,
    check_image_size,
)


class RunChecks:
    """The checks of one start of a run; run.json holds those of the latest.

    Args:
        run: Where they are kept.
        subject: The network under test.
        images: The test images; of a stored set those that it is based on.
        stored: The images of each condition of a stored set.
        progress: Told of warnings and notes.
    """

    def __init__(
        self,
        run: RunDirectory,
        subject: Subject,
        images: ImageSet,
        *,
        stored: Mapping[Condition, ImageSet],
        progress: Progress,
    ) -> None:
        self._run, self._subject, self._images = run, subject, images
        self._stored = stored
        self._progress = progress
        self._results: tuple[CheckResult, ...] = ()
        self._is_settled = all(map(is_settled, subject.model.modules()))

    def before(
        self,
        spec: EvaluationSpec,
        *,
        layers: tuple[NormLayer, ...],
        indices: NDArray[np.int64],
        set_sizes: Sequence[int],
        is_clean: bool,
    ) -> EvaluationSpec:
        """Check network and images before anything is measured.

        Args:
            spec: How they are evaluated.
            layers: The network's norm layers.
            indices: [N] their order.
            set_sizes: Images that share statistics, of each layout.
            is_clean: Whether the images are; pixels of others are not judged.

        Returns:
            `spec`, with what the network returns.

        Raises:
            CheckError: There are warnings, and the spec is strict.
        """
        images = self._images
        pixels = sample_pixels(images, indices) if is_clean else None
        probe = make_probe(self._subject, layers, spec, pixels=pixels, shape=images.shape)
        of_images = (
            check_class_order(images, indices, set_sizes, order=spec.order),
            check_folder_numbers(images),
            check_stored_images(self._stored, images if is_clean else None),
        )
        self._add((*check_probe(probe), *of_images), spec)
        return replace(spec, outputs=find_outputs(probe))

    def after_clean(self, spec: EvaluationSpec) -> None:
        """Check the clean accuracy, once it is measured; see `before`."""
        subject, run = self._subject, self._run
        sizes = {"num_images": len(self._images), "num_classes": subject.num_classes}
        cells = read_clean_cells(run.path, run.records, spec, **sizes)
        stated = check_stated_accuracy(cells, subject.stated)
        excuse = describe_little_training(subject.model)
        chance = check_chance(cells, is_settled=self._is_settled, excuse=excuse)
        self._add((chance, check_relabelling(cells), stated), spec)

    def _add(self, results: tuple[CheckResult, ...], spec: EvaluationSpec) -> None:
        self._results += results
        self._run.write_checks(self._results)
        tell(results, self._progress, is_strict=spec.is_strict)


def check_probe(probe: Probe) -> tuple[CheckResult, ...]:
    """Return what the checks of network and images say."""
    with arithmetic(probe.spec):
        return tuple(check(probe) for check in _BEFORE)


def tell(results: Iterable[CheckResult], progress: Progress, *, is_strict: bool) -> None:
    """Print a line for each warning and note.

    Raises:
        CheckError: There are warnings, and they are to be errors.
    """
    warnings = []
    for result in results:
        if is_strict and result.status == "warning":
            warnings.append(Message(result.message).marked)
        elif result.line is not None:
            progress.note(result.line)
    if warnings:
        raise CheckError(f"{'; '.join(warnings)} (warnings are errors: {setting('strict', True)})")
