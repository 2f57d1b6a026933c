"""How an image classifier degrades under noise and corruption, under any statistics.

The public names are imported when they are first used: importing the package imports no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustbench_ln.api import evaluate
    from robustbench_ln.corruptions.corrupt_arrays import corrupt
    from robustbench_ln.data import DataOptions, Framing, load_images
    from robustbench_ln.errors import LnBenchError
    from robustbench_ln.norms import (
        IMAGE,
        ROT90,
        RUNNING,
        LocalNorm2d,
        StatisticsLayout,
        batch_layout,
        with_statistics,
    )
    from robustbench_ln.norms import convert_batchnorm as convert
    from robustbench_ln.progress import Silent

__version__ = "0.1.0"

__all__ = [
    "IMAGE",
    "ROT90",
    "RUNNING",
    "DataOptions",
    "Framing",
    "LnBenchError",
    "LocalNorm2d",
    "Silent",
    "StatisticsLayout",
    "batch_layout",
    "convert",
    "corrupt",
    "evaluate",
    "load_images",
    "with_statistics",
]

_MODULES = {
    "api": ("evaluate",),
    "data": ("DataOptions", "Framing", "load_images"),
    "errors": ("LnBenchError",),
    "corruptions.corrupt_arrays": ("corrupt",),
    "norms": (
        "IMAGE", "ROT90", "RUNNING", "LocalNorm2d", "StatisticsLayout", "batch_layout",
        "with_statistics",
    ),
    "progress": ("Silent",),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name (PEP 562)."""
    if name == "convert":
        return import_module("robustbench_ln.norms").convert_batchnorm
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"robustbench_ln.{module}"), name)
    raise AttributeError(f"module 'robustbench_ln' has no attribute '{name}'")


def __dir__() -> list[str]:
    """Return the public names too."""
    return sorted({*globals(), *__all__})
