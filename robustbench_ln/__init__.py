"""How an image classifier degrades under noise and corruption, under any statistics.

The public names are imported when they are first used: importing the package imports no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustbench_ln.api import evaluate as evaluate
    from robustbench_ln.corruptions.corrupt_arrays import corrupt as corrupt
    from robustbench_ln.data import DataOptions as DataOptions
    from robustbench_ln.data import Framing as Framing
    from robustbench_ln.data import load_images as load_images
    from robustbench_ln.errors import LnBenchError as LnBenchError
    from robustbench_ln.norms import LocalNorm2d as LocalNorm2d
    from robustbench_ln.norms import StatisticsLayout as StatisticsLayout
    from robustbench_ln.norms import convert_batchnorm
    from robustbench_ln.norms import with_statistics as with_statistics
    from robustbench_ln.progress import Silent as Silent
    from robustbench_ln.reports.notebooks import compare as compare
    from robustbench_ln.reports.notebooks import load_run as load_run
    from robustbench_ln.reports.notebooks import plot_accuracy as plot_accuracy
    from robustbench_ln.reports.notebooks import plot_corruptions as plot_corruptions
    from robustbench_ln.reports.notebooks import plot_figure as plot_figure
    from robustbench_ln.reports.notebooks import plot_severities as plot_severities
    from robustbench_ln.reports.notebooks import report as report

    convert = convert_batchnorm

__version__ = "0.2.0"

_PUBLIC = {
    "DataOptions": "data.DataOptions",
    "Framing": "data.Framing",
    "LnBenchError": "errors.LnBenchError",
    "LocalNorm2d": "norms.LocalNorm2d",
    "Silent": "progress.Silent",
    "StatisticsLayout": "norms.StatisticsLayout",
    "compare": "reports.notebooks.compare",
    "convert": "norms.convert_batchnorm",
    "corrupt": "corruptions.corrupt_arrays.corrupt",
    "evaluate": "api.evaluate",
    "load_images": "data.load_images",
    "load_run": "reports.notebooks.load_run",
    "plot_accuracy": "reports.notebooks.plot_accuracy",
    "plot_corruptions": "reports.notebooks.plot_corruptions",
    "plot_figure": "reports.notebooks.plot_figure",
    "plot_severities": "reports.notebooks.plot_severities",
    "report": "reports.notebooks.report",
    "with_statistics": "norms.with_statistics",
}
"""Public name -> where it is."""

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'robustbench_ln' has no attribute '{name}'")
    module, _, attribute = _PUBLIC[name].rpartition(".")
    return getattr(import_module(f"robustbench_ln.{module}"), attribute)


def __dir__() -> list[str]:
    """Return the public names too."""
    return sorted({*globals(), *__all__})
