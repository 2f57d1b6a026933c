"""How processes of our own treat memory: freed tensors are kept, garbage is rarely looked for."""

from __future__ import annotations

import ctypes
import gc

__all__ = ["collect_rarely", "keep_freed_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's malloc.h."""

_MOST = 2**31 - 1
"""Of a C int: blocks up to 2 GiB come from the heap, and so much of its end is kept."""

_GARBAGE = 20_000
"""New objects between two searches for cycles; Python's own number is 700, or 2,000 from 3.13."""


def keep_freed_memory() -> bool:
    """Have glibc keep what is freed, for the rest of this process; return whether it does.

    By default it maps every block of 32 MiB and more anew and gives it back when it is freed, so
    that each layer's output costs thousands of page faults. This is for processes of our own, the
    command line and its workers: a program that imports the package keeps its settings.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # no glibc: musl has no mallopt, Windows no None
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _MOST)) and bool(mallopt(_TRIM_THRESHOLD, _MOST))


def collect_rarely() -> None:
    """Look for garbage a thirtieth as often, for the rest of this process.

    The modules of torch and matplotlib are a million objects that stay: to search them again and
    again is a tenth of the time that importing them takes (2.30 s of one core, 2.05 so).
    """
    gc.set_threshold(_GARBAGE)
