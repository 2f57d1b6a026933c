"""The drift of norm layers as tables for a terminal, a CSV file and a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from robustbench_ln.metrics.drift import Drift
from robustbench_ln.reports.audit import condition_name
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.families import group_families
from robustbench_ln.reports.figure_style import WIDTH, wrap_label
from robustbench_ln.reports.grids import Grid, to_text
from robustbench_ln.reports.numbers import percent
from robustbench_ln.reports.report_files import csv_bytes, write_files
from robustbench_ln.runs.columns import Columns
from robustbench_ln.texts.safe import one_line, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["describe_drift", "drift_frame", "write_drift"]

_WIDTH = 100
_MOST_TICKS = 24


def describe_drift(drift: Drift) -> str:
    """Return the tables of a terminal: divergence by layer, and accuracy by dynamic layers."""
    names = tuple(map(condition_name, drift.conditions))
    divergence = [
        (_layer(name), *(f"{value:.3f}" for value in row[1:]))
        for name, row in zip(drift.layers, drift.divergence, strict=True)
    ]
    text = (
        "\nDrift: divergence of what each norm layer sees from what it sees of clean images, in "
        f"nats a channel; {drift.num_images} images\n"
        + to_text(Grid(("layer", *names[1:]), tuple(divergence)), width=_WIDTH)
    )
    if drift.correct is None:
        return text
    accuracy = [
        (str(k), *(percent(value / drift.num_images) for value in row))
        for k, row in enumerate(drift.correct)
    ]
    return text + (
        "\nAccuracy in %, where the first k norm layers have statistics of sets of "
        f"{drift.set_size} images, the others running ones\n"
        + to_text(Grid(("k", *names), tuple(accuracy)), width=_WIDTH)
    )


def drift_frame(drift: Drift) -> pd.DataFrame:
    """Return a row for each k = 0 ... L and condition: layer k, counted from 1, and the first k."""
    rows = [
        {
            "layers_dynamic": k,
            "layer": drift.layers[k - 1] if k else "",
            "corruption": condition.corruption,
            "severity": condition.severity,
            "divergence": drift.divergence[k - 1, column] if k else np.nan,
            "correct": None if drift.correct is None else int(drift.correct[k, column]),
            "total": drift.num_images,
            "set_size": drift.set_size,
        }
        for k in range(len(drift.layers) + 1)
        for column, condition in enumerate(drift.conditions)
    ]
    return pd.DataFrame(rows).astype({"correct": "Int64"})


def write_drift(drift: Drift, out: Path, *, label: str) -> tuple[Path, ...]:
    """Write drift.csv and the heat map into a folder.

    Args:
        drift: What was found.
        out: The folder; made if it does not exist.
        label: What the network is called.

    Raises:
        RecordError: They cannot be written.
    """
    contents = {"drift.csv": csv_bytes(Columns.of_frame(drift_frame(drift)))}
    return write_files(out, contents | dict(_drawing(drift, label).files("drift")))


def _drawing(drift: Drift, label: str) -> Drawing:
    words = "Divergence of what each norm layer sees from what it sees of clean images"
    if drift.correct is not None:
        words += f"; accuracy where the first k layers have statistics of {drift.set_size} images"
    height = 1.4 + 0.16 * min(max(len(drift.layers), 6), _MOST_TICKS)
    families = [*group_families(drift.conditions)]
    what = f"; {families[0].title}" if len(families) == 1 else ""
    below = f"{shorten(one_line(label), 40)}, {drift.num_images} images{what}"
    fill = partial(_fill, drift=drift, below=wrap_label(below, WIDTH - 0.5))
    return Drawing("_layers", words, fill, (WIDTH, height))


def _fill(canvas: Canvas, *, drift: Drift, below: str) -> None:
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    names = [shorten(condition_name(condition), 16) for condition in drift.conditions]
    panels = canvas.subplots(1, 1 if drift.correct is None else 2, squeeze=False)[0]
    values = np.maximum(drift.divergence[:, 1:], 1e-4)
    limits = LogNorm(vmin=values.min(), vmax=max(values.max(), values.min() * 10))
    image = _draw(panels[0], values, names[1:], [_layer(name, 18) for name in drift.layers], limits)
    bar = canvas.colorbar(image, ax=panels[0], pad=0.02)
    bar.set_label("divergence, nats", fontsize=7)
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.tick_params(labelsize=6)
    if drift.correct is not None:
        shares = 100 * drift.correct / drift.num_images
        rows = [str(k) for k in range(len(shares))]
        image = _draw(panels[1], shares, names, rows, None)
        panels[1].set_ylabel("first layers that are dynamic", fontsize=7)
        bar = canvas.colorbar(image, ax=panels[1], pad=0.02)
        bar.set_label("accuracy, %", fontsize=7)
        bar.ax.tick_params(labelsize=6)
    canvas.supxlabel(below, fontsize=8)


def _draw(axes: Axes, values: Any, columns: Sequence[str], rows: Sequence[str], norm: Any) -> Any:
    image = axes.imshow(values, aspect="auto", cmap="magma_r" if norm else "viridis", norm=norm,
                        interpolation="nearest")  # fmt: skip
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", fontsize=6.5)
    step = -(-len(rows) // _MOST_TICKS)
    axes.set_yticks(range(0, len(rows), step), rows[::step], fontsize=6)
    axes.tick_params(length=1.5)
    return image


def _layer(name: str, longest: int = 30) -> str:
    return shorten(one_line(name), longest) or "(root)"
