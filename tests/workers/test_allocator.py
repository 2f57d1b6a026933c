from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from robustbench_ln.workers.allocator import keep_freed_memory

PACKAGE = Path(__file__).parents[2] / "robustbench_ln"

FAULTS = """
import resource, sys
from robustbench_ln.workers.allocator import keep_freed_memory
is_kept = keep_freed_memory() if sys.argv[1] == "keep" else None
import numpy as np
def touch(): return float(np.ones(10**7)[-1])
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5): touch()
print(is_kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> tuple[str, int]:
    words = [sys.executable, "-c", FAULTS, how]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return said[0], int(said[1])


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs glibc")
def test_freed_memory_is_taken_again_without_page_faults():
    assert faults("plain")[1] > 5 * 100
    is_kept, number = faults("keep")
    assert is_kept == "True"
    assert number < 100


class Refusing:
    mallopt = staticmethod(lambda *_: 0)


@pytest.mark.parametrize("library", [object(), Refusing])
def test_another_allocator_is_left_as_it_is(monkeypatch, library):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    assert not keep_freed_memory()


def test_only_programs_of_our_own_change_how_memory_is_treated() -> None:
    texts = {path.name: path.read_text() for path in PACKAGE.rglob("*.py")}
    keeping = {name for name, text in texts.items() if "keep_freed_memory()" in text}
    assert keeping == {"allocator.py", "start.py", "node.py", "server.py"}
    rare = {name for name, text in texts.items() if "collect_rarely()" in text}
    assert rare == {"allocator.py", "start.py", "server.py"}
