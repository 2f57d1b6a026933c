from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from robustbench_ln.training.heap import keep_freed_memory

FAULTS = """
import resource, sys
from robustbench_ln.training.heap import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
import torch
values = torch.ones(2**21)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    values + 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
"""20 sums of 8 MiB, of 2,048 pages each."""


def has_mallopt() -> bool:
    return sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallopt")


@pytest.mark.slow
@pytest.mark.skipif(not has_mallopt(), reason="the C library is not glibc")
def test_kept_memory_is_not_asked_for_again() -> None:
    kept = subprocess.run(
        [sys.executable, "-c", FAULTS, "keep"], capture_output=True, text=True, check=True
    )
    assert int(kept.stdout) < 3 * 2048  # the first sums alone


def test_a_library_without_the_option_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
