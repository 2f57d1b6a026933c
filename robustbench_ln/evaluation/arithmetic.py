"""The named exceptions from float32, for as long as an evaluation runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from robustbench_ln.spec import EvaluationSpec

__all__ = ["arithmetic"]


@contextmanager
def arithmetic(spec: EvaluationSpec, *, threads: int | None = None) -> Iterator[None]:
    """Compute as `spec.arithmetic` says; torch's settings are put back afterwards.

    Without --tf32 the matrix products and convolutions of CUDA are float32 too, whatever the
    process had set: torch's own default lets convolutions round to TF32.

    Args:
        spec: Which exceptions.
        threads: Number of CPU threads; None is all.
    """
    matmul, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, convolution.allow_tf32
    matmul.allow_tf32 = convolution.allow_tf32 = spec.uses_tf32
    threads_before = torch.get_num_threads(), cv2.getNumThreads()
    if threads is not None:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
    kind = torch.device(spec.device).type
    try:
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=spec.amp is not None):
            yield
    finally:
        matmul.allow_tf32, convolution.allow_tf32 = before
        torch.set_num_threads(threads_before[0])
        cv2.setNumThreads(threads_before[1])
