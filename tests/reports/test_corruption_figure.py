from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.reports.corruption_family import FAMILIES
from robustbench_ln.reports.corruption_figure import (
    draw_corruptions,
    draw_severities,
    severity_means,
)
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from tests.reports.drawn import axes_of, only_table, texts_of
from tests.reports.synthetic_runs import corrupted, kept_table, make_record, write_run

ALL = (*BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)


def dots(table: Table, inches: float = 6.8) -> Drawing:
    (drawing,) = draw_corruptions(table, inches)
    return drawing


def severities(table: Table, inches: float = 6.8) -> Drawing:
    (drawing,) = draw_severities(table, inches)
    return drawing


def measured(mode: str, names: tuple[str, ...], *severities: int) -> list[Record]:
    """Every corruption is 10 images of 1000 worse than the one before, and 100 a severity."""
    worse = {name: 900 - 10 * ALL.index(name) for name in names}
    return [
        make_record(mode, correct=950),
        *(corrupted(mode, n, s, most - 100 * s) for n, most in worse.items() for s in severities),
    ]


def test_corruptions_stand_below_their_families(tmp_path: Path) -> None:
    table = only_table(write_run(tmp_path / "r", measured("bn", ALL, 1, 5)))
    texts = texts_of(dots(table, 6.8).render("svg"))
    names = [text for text in texts if text in (*ALL, *FAMILIES, "clean", "mean of the 15")]
    expected = ["clean"]
    for family, members in FAMILIES.items():
        expected += ["mean of the 15"] * (family == "extra")
        expected += [family, *(name for name in members if name != "frost")]
    assert names == expected
    assert {"frost (procedural)", "(procedural frost)", "bn", "chance"} <= set(texts)
    words = "accuracy in %, mean over severities 1, 5; corruptions made by ln-bench with the "
    assert words + "severities of CIFAR-10-C" in " ".join(texts)


def marked(axes: Axes) -> list[Line2D]:
    return [line for line in axes.lines if line.get_marker() not in ("None", None)]


def test_dots_stand_where_the_accuracies_are_and_no_line_joins_them(tmp_path: Path) -> None:
    table = only_table(write_run(tmp_path / "r", measured("bn", ALL, 5)))
    (axes,) = axes_of(dots(table))
    (line,) = marked(axes)
    accuracies = [40 - i for i in range(len(ALL))]
    expected = [95, *accuracies[:15], sum(accuracies[:15]) / 15, *accuracies[15:]]
    assert list(line.get_xdata()) == pytest.approx(expected)
    assert list(line.get_ydata()) == sorted(line.get_ydata())
    assert line.get_linestyle() == "None", "corruptions are in no order"


def test_networks_have_a_panel_each_and_modes_a_height_of_their_own(tmp_path: Path) -> None:
    records = measured("bn", ALL, 5) + measured("plain", ALL, 5)
    runs = [write_run(tmp_path / label, records, label=label) for label in "ab"]
    drawing = dots(only_table(*runs))
    panels = axes_of(drawing)
    assert [axes.get_title() for axes in panels] == ["a", "b"]
    first, second = (line.get_ydata() for line in marked(panels[0]))
    assert not set(first) & set(second)
    assert [name.strip() for name in drawing.key.names][:2] == ["bn", "plain"]
    pages = draw_corruptions(only_table(*runs), 3.3)
    assert [page.ending for page in pages] == [
        "_cifar10-c_generated_1", "_cifar10-c_generated_2",
    ]  # fmt: skip


def test_the_legend_says_which_intervals_are_drawn(tmp_path: Path) -> None:
    for severities, words in (((5,), "95 % Wilson interval"), ((1, 5), "95 % interval")):
        run = write_run(tmp_path / words, measured("bn", ("fog", "snow"), *severities))
        texts = texts_of(dots(only_table(run), 6.8).render("svg"))
        assert [text for text in texts if "interval" in text] == [words]


def test_what_was_not_measured_has_no_dot(tmp_path: Path) -> None:
    records = measured("bn", ("fog", "spatter", "snow"), 1, 3) + measured("plain", ("fog",), 1)
    table = only_table(write_run(tmp_path / "r", records))
    svg = dots(table, 3.3).render("svg")
    names = [text for text in texts_of(svg) if text in (*ALL, *FAMILIES) or "mean of" in text]
    assert names == ["weather", "snow", "fog", "extra", "spatter"]
    lengths = [len(line.get_xdata()) for line in marked(axes_of(dots(table, 3.3))[0])]
    assert lengths == [4, 1], "clean and three of bn; plain has only its clean one"


def test_unknown_corruptions_are_other_ones(tmp_path: Path) -> None:
    records = [make_record(), corrupted("bn", "blue_noise", 5, 500)]
    table = only_table(write_run(tmp_path / "r", records))
    texts = texts_of(dots(table, 6.8).render("svg"))
    assert texts.index("other") < texts.index("blue_noise")
    assert "accuracy in % at severity 5; " in " ".join(texts)


def test_severities_of_the_fifteen_alone(tmp_path: Path) -> None:
    records = measured("bn", ALL, 1, 2, 4) + measured("plain", ALL[1:], 1, 2, 4)
    table = only_table(write_run(tmp_path / "r", records))
    (axes,) = axes_of(severities(table))
    (line,) = (line for line in marked(axes) if len(line.get_xdata()) > 1)
    assert list(line.get_xdata()) == [0, 1, 2, 4]
    assert list(line.get_ydata())[1:] == pytest.approx([73, 63, 43])
    assert line.get_ydata()[0] == 95
    texts = texts_of(severities(table).render("svg"))
    assert "accuracy in %, mean of the 15 (procedural frost)" in " ".join(texts)
    below = "severity, 0 is clean; corruptions made by ln-bench with the severities of CIFAR-10-C"
    assert f"resnet20: {below}" in texts


def test_many_modes_make_a_low_figure_higher(tmp_path: Path) -> None:
    sizes = range(2, 26)
    measures = measured("dbn-batch", ("fog",), 5)
    records = [replace(record, set_size=size) for size in sizes for record in measures]
    modes = [f"dbn-batch (sets of {size})" for size in sizes]
    table = only_table(write_run(tmp_path / "r", records))
    png = dots(table, 6.8).render("png")
    width, height = struct.unpack(">II", png[16:24])
    assert width == 6.8 * 200
    assert height > 2 * 200 * 0.03 * len(modes)
    assert set(modes) <= set(texts_of(dots(table, 6.8).render("svg")))


def test_same_table_same_bytes_and_the_limit_on_it(tmp_path: Path) -> None:
    limited = {"limit": 500, "total": 500}
    records = [make_record(correct=450, **limited), corrupted("bn", "fog", 5, 100, **limited)]
    table = only_table(write_run(tmp_path / "r", records))
    svg = dots(table, 3.3).render("svg")
    assert dots(table, 3.3).render("svg") == svg
    assert "LIMITED n=500" in texts_of(svg)


def test_intervals_are_drawn_where_there_are_some(tmp_path: Path) -> None:
    records = measured("bn", BENCHMARK_CORRUPTIONS, 1, 2)
    kept = kept_table(tmp_path / "kept", records)
    gone = only_table(write_run(tmp_path / "gone", records))
    drawn = [intervals_drawn(table) for table in (kept, gone)]
    assert [len(found) for found in drawn] == [17, 1]
    estimate = kept.estimate(kept.rows[1], kept.modes[0])
    assert drawn[0][1] == (100 * estimate.interval.low, 100 * estimate.interval.high)
    for draw in (dots, severities):
        assert "95 % interval" in texts_of(draw(kept).render("svg"))
    (axes,) = axes_of(severities(kept))
    vertices = axes.collections[0].get_paths()[0].vertices
    assert {x for x, _ in vertices} == {0, 1, 2}


def intervals_drawn(table: Table) -> list[tuple[float, float]]:
    """The intervals of one mode that the dots have, in percent."""
    (axes,) = axes_of(dots(table))
    bars = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 0.8]
    return [(float(x[0]), float(x[1])) for x in bars if x[0] != x[1] and x[1] != 1]


def test_means_by_severity_need_all_fifteen(tmp_path: Path) -> None:
    records = [make_record(correct=900)]
    records += [corrupted("bn", n, 1, 500 + 10 * i) for i, n in enumerate(BENCHMARK_CORRUPTIONS)]
    records += [corrupted("bn", "saturate", 1, 0)]
    records += [corrupted("bn", name, 2, 400) for name in BENCHMARK_CORRUPTIONS[:-1]]
    records += [corrupted("bn", name, 3, 300) for name in BENCHMARK_CORRUPTIONS]
    records += [corrupted("bn", "frost", 3, 200, frost="photographs")]
    table = only_table(write_run(tmp_path / "r", records))
    (means,) = severity_means(table).values()
    values = {severity: estimate.value for severity, estimate in means.items()}
    assert values == {0.0: 0.9, 1.0: pytest.approx(0.57)}
