"""Draw the figures of docs/results/ from the records in reproduction/records/.

    python -m reproduction.draw_results

Lines are means over the trainings, bands their standard deviation.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduction.claims import (
    BN,
    DBN_10,
    DBN_16,
    DBN_128,
    DBN_ROT90,
    GN,
    LN,
    ROT90,
    SINGLE,
    SN,
)  # fmt: skip
from reproduction.comparisons import RESULTS, values_of
from reproduction.trainings import Trainings, Values
from robustbench_ln.reports.corruption_figure import severity_means
from robustbench_ln.reports.curves import draw_curve
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.figure_style import render_figure
from robustbench_ln.reports.mode_styles import level_style, style_mode
from robustbench_ln.reports.percent_axis import set_percents
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.results import ModeResults
from robustbench_ln.runs.variants import mode_title

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH = 6.8

CIFAR_LINES = (BN, DBN_128, DBN_16, DBN_ROT90, LN, ROT90, SINGLE)
MNIST_LINES = (BN, DBN_10, LN, SN, GN)


def name_line(line: Trainings) -> str:
    """Return what the legend calls a line."""
    return f"{line.network}: {mode_title(line.variant)}"


def style_lines(lines: Sequence[Trainings]) -> dict[Trainings, dict[str, Any]]:
    """Return how to plot each line of a figure."""
    networks = list(dict.fromkeys(line.network for line in lines))
    modes = {line: line.variant.split(" (")[0] for line in lines}
    variants = {m: list(dict.fromkeys(k.variant for k in lines if modes[k] == m))
                for m in modes.values()}  # fmt: skip
    return {
        line: style_mode(
            mode, variant=variants[mode].index(line.variant), network=networks.index(line.network)
        )
        for line, mode in modes.items()
    }


def draw_lines(
    axes: Axes, points: Mapping[float, Sequence[float]], style: Mapping[str, Any], name: str
) -> None:
    """Draw accuracies 0..1 of several trainings at each x."""
    places = sorted(points)
    means = [100 * fmean(points[x]) for x in places]
    spreads = [100 * stdev(points[x]) if len(points[x]) > 1 else 0.0 for x in places]
    axes.plot(places, means, label=name, **style)
    low = [mean - spread for mean, spread in zip(means, spreads, strict=True)]
    high = [mean + spread for mean, spread in zip(means, spreads, strict=True)]
    axes.fill_between(places, low, high, color=style["color"], alpha=0.15, linewidth=0)


def draw_panel(axes: Axes, values: Values, lines: Sequence[Trainings], title: str) -> None:
    """Draw accuracy against sigma."""
    styles = style_lines(lines)
    for line in lines:
        points = {
            float(row): list(found[line].values()) for row, found in values.items() if line in found
        }
        draw_lines(axes, points, styles[line], name_line(line))
    axes.axhline(10, color="0.45", linewidth=0.8, linestyle=(0, (1, 2)), label="chance")
    axes.set_title(title, fontsize=8)
    set_percents(axes, "y", range(0, 101, 20))
    axes.grid(axis="y", color="0.9", linewidth=0.5)


def finish(figure: Figure, axes: Axes, columns: int = 4) -> None:
    """Put the legend of one panel below all of them."""
    handles, names = axes.get_legend_handles_labels()
    figure.legend(
        handles, names, loc="outside lower center", ncols=columns, frameon=False, fontsize=7
    )


def noise_figure(figure: Figure, group: str) -> None:
    """CIFAR-10 under the six noises."""
    tables = values_of(group)
    panels: Any = figure.subplots(2, 3, sharey=True)
    for axes, (name, values) in zip(_by_rows(panels), _in_pairs(tables).items(), strict=True):
        noise, convention, _ = name.split("_")
        draw_panel(axes, values, CIFAR_LINES, f"{noise.upper()}, {convention} convention")
    for axes in panels[1]:
        axes.set_xlabel("σ")
    for axes in panels[:, 0]:
        axes.set_ylabel("accuracy, %")
    finish(figure, panels[0][0])


def _by_rows(panels: Any) -> list[Axes]:
    return [axes for row in panels for axes in row]


def _in_pairs(tables: Mapping[str, Values]) -> dict[str, Values]:
    """Return the paper's convention first, for all noises, then the released one."""
    return {title: tables[title] for title in sorted(tables, key=lambda t: ("released" in t, t))}


def corruption_figure(figure: Figure) -> None:
    """CIFAR-10-C, a dot for each corruption and mode."""
    (values,) = values_of("cifar10-c").values()
    lines = [line for line in CIFAR_LINES if line in values["clean"]]
    axes = figure.add_subplot()
    styles = style_lines(CIFAR_LINES)
    for number, line in enumerate(lines):
        accuracies = [list(found[line].values()) for found in values.values()]
        style = styles[line] | {"linestyle": "none"}
        axes.errorbar(
            [100 * fmean(found) for found in accuracies],
            [i + 0.12 * (number - (len(lines) - 1) / 2) for i in range(len(accuracies))],
            xerr=[100 * stdev(found) if len(found) > 1 else 0.0 for found in accuracies],
            elinewidth=0.8,
            label=name_line(line),
            **style,
        )
    axes.set_yticks(range(len(values)), list(values))
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("accuracy in %, mean over severities 1-5")
    axes.grid(color="0.9", linewidth=0.5)
    finish(figure, axes)


NOISES = {"agn-additive": "AGN added", "apn-add": "APN added", "mbn": "MBN"}


def norms_figure(figure: Figure) -> None:
    """MNIST DNN, four norms."""
    tables = values_of("mnist norms")
    panels: Any = figure.subplots(1, 3, sharey=True)
    for axes, noise in zip(panels, NOISES, strict=True):
        (values,) = (found for title, found in tables.items() if title.startswith(noise))
        draw_panel(axes, values, MNIST_LINES, NOISES[noise])
        axes.set_xlabel("σ")
    panels[0].set_ylabel("accuracy, %")
    finish(figure, panels[0], columns=3)


SWEPT = (("", "0", "clean"), ("agn-additive", "1.5", "AGN added, σ 1.5"),
         ("apn-add", "0.3", "APN added, σ 0.3"), ("mbn", "0.5", "MBN, σ 0.5"))  # fmt: skip
"""Beginning of a table's name, row, name in the figure."""


def sweeps_figure(figure: Figure) -> None:
    """MNIST DNN: accuracy against the number of groups and the share of noisy images."""
    panels: Any = figure.subplots(1, 3, sharey=True)
    _draw_sweep(panels[0], "mnist groups", "ln-batch", partial(_number, prefix="G="))
    panels[0].set_xscale("log")
    ticks = [1, 2, 5, 10, 20, 50]
    panels[0].set_xticks(ticks, [str(tick) for tick in ticks])
    panels[0].minorticks_off()
    panels[0].set_xlabel("groups of LocalNorm; batch of 100")
    for axes, network, mode in ((panels[1], "BN", "bn"), (panels[2], "LN", "ln-batch")):
        _draw_sweep(axes, "mnist noise", mode, partial(_number, prefix=f"{network}, "))
        axes.set_xlabel("noisy training images, %")
    for axes, title in zip(panels, ("LN: LN-Batch", "BN: BatchNorm", "LN: LN-Batch"), strict=True):
        axes.set_title(title, fontsize=8)
        axes.grid(axis="y", color="0.9", linewidth=0.5)
    set_percents(panels[0], "y", range(0, 101, 20))
    panels[0].set_ylabel("accuracy, %")
    finish(figure, panels[0])


def _draw_sweep(axes: Axes, group: str, mode: str, place: Callable[[str], float | None]) -> None:
    tables = values_of(group)
    names = [name for _, _, name in SWEPT]
    for start, row, name in SWEPT:
        values = next(found for title, found in tables.items() if title.startswith(start))
        points = {
            x: list(trainings.values())
            for line, trainings in values[row].items()
            if line.variant == mode and (x := place(line.network)) is not None
        }
        draw_lines(axes, points, level_style(name, names), name)


def _number(name: str, prefix: str) -> float | None:
    """Return the number in "G=10" or "BN, 25% noisy"; None of another network."""
    if not name.startswith(prefix):
        return None
    return float(name.removeprefix(prefix).split("%")[0])


def spread_figure(figure: Figure) -> None:
    """MNIST DNN: gamma and beta of every group after every epoch, as in ICANN figure 5."""
    panels: Any = figure.subplots(1, 4)
    names = ("gamma_mean", "gamma_variance", "beta_mean", "beta_variance")
    for axes, column in zip(panels, names, strict=True):
        for network, colour in (("LN", "#009E73"), ("BN", "#0072B2")):
            for i, line in enumerate(_over_epochs(network, column).values()):
                label = {"LN": "LocalNorm, a line a group", "BN": "BatchNorm"}[network]
                axes.plot(
                    range(1, len(line) + 1), line, color=colour, linewidth=0.8,
                    label=label if i == 0 else None,
                )  # fmt: skip
        axes.set_title(column.replace("_", ", "), fontsize=8)
        axes.set_xlabel("epoch")
    finish(figure, panels[0])


def _over_epochs(network: str, column: str) -> dict[str, list[float]]:
    """Return group -> value after each epoch, the mean over the layers with groups."""
    cells: dict[str, dict[int, list[float]]] = {}
    grouped = {row["layer"] for row in _norm_rows("LN") if row["group"] != "0"}
    for row in _norm_rows(network):
        if row["layer"] in grouped:
            group = cells.setdefault(row["group"], {})
            group.setdefault(int(row["epoch"]), []).append(float(row[column]))
    return {
        group: [fmean(values) for _, values in sorted(epochs.items())]
        for group, epochs in cells.items()
    }


def _norm_rows(network: str) -> list[dict[str, str]]:
    with (RESULTS / "mnist_norms" / f"{network}_0" / "norms.csv").open() as file:
        return list(csv.DictReader(file))


FRONT_MODES = {
    "bn": "BatchNorm: statistics of training",
    "dbn-batch": "Dynamic BN-Batch: of 128 test images",
}


def front_figure(figure: Figure) -> None:
    """The public ResNet-20 under noise and common corruptions, for the head of README."""
    noise, corruptions = figure.subplots(1, 2, sharey=True)
    (table,) = (t for t in read_tables([RESULTS / "resnet20"]) if "released" in t.name)
    for name in FRONT_MODES:
        mode = _find_mode(table, name)
        found = {row.sigma or 0.0: table.estimate(row, mode) for row in table.rows}
        points = {sigma: e for sigma, e in found.items() if e is not None}
        draw_curve(noise, points, style_mode(name) | {"label": name})
    (table,) = read_tables([RESULTS / "resnet20_c"])
    means = severity_means(table)
    for name in FRONT_MODES:
        draw_curve(corruptions, means[_find_mode(table, name)], style_mode(name))
    noise.set_title("uniform noise (AGN, released)", fontsize=8)
    noise.set_xlabel("σ")
    noise.set_ylabel("accuracy, %")
    set_percents(noise, "y", range(0, 101, 20))
    corruptions.set_title("CIFAR-10-C, mean of the 15 corruptions", fontsize=8)
    corruptions.set_xlabel("severity; 0 is clean")
    for axes in (noise, corruptions):
        axes.axhline(10, color="0.45", linewidth=0.8, linestyle=(0, (1, 2)), label="chance")
        axes.grid(axis="y", color="0.9", linewidth=0.5)
    handles, _ = noise.get_legend_handles_labels()
    names = [*FRONT_MODES.values(), "chance"]
    figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False, fontsize=7)


def _find_mode(table: Table, name: str) -> ModeResults:
    return next(mode for mode in table.modes if mode.variant == name)


FIGURES: dict[str, tuple[Callable[[Figure], None], float]] = {
    "front": (front_figure, 2.6),
    "trained_noise": (partial(noise_figure, group="lossless"), 4.2),
    "trained_jpeg_noise": (partial(noise_figure, group="jpeg noises"), 4.2),
    "trained_cifar10_c": (corruption_figure, 5.2),
    "mnist_norms": (norms_figure, 2.6),
    "mnist_sweeps": (sweeps_figure, 2.4),
    "group_spread": (spread_figure, 1.9),
}
"""Name -> how to draw it, and its height in inches."""


def main() -> None:
    """Draw all."""
    for name, (fill, height) in FIGURES.items():
        content = render_figure(fill, size=(WIDTH, height), kind="svg")
        (PICTURES / f"{name}.svg").write_bytes(content)


if __name__ == "__main__":
    main()
