"""Tasks that workers import."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import SpecError, setting


@dataclass(frozen=True)
class Squares:
    """Squares numbers, adds the sum of an array, and has trouble where a unit asks for it."""

    numbers: NDArray[np.int64]
    folder: Path

    def open(self, place: int):
        del place

        def run(unit: int | str, advance) -> tuple[int, int]:
            if isinstance(unit, int):
                advance(1)
                return unit**2 + int(self.numbers.sum()), os.getpid()
            return getattr(self, unit)(), os.getpid()

        return run

    def die(self) -> int:
        os._exit(9)

    def die_once(self) -> int:
        """Dies in the first worker that gets here."""
        if not (self.folder / "died").exists():
            (self.folder / "died").touch()
            os._exit(9)
        return -1

    def refuse(self) -> int:
        raise SpecError(f"{setting('stat_batch')} is wrong")

    def fail(self) -> int:
        raise ZeroDivisionError("a fault")

    def starve(self) -> int:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    def wait(self) -> int:
        (self.folder / f"waiting{os.getpid()}").touch()
        time.sleep(60)
        return 0
