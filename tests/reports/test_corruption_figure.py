from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.figure
import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, EXTRA_CORRUPTIONS
from robustbench_ln.reports.corruption_family import FAMILIES
from robustbench_ln.reports.corruption_figure import CORRUPTION_DOTS, SEVERITY_MEANS, severity_means
from robustbench_ln.reports.figure_style import Figure, draw_figure
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from tests.reports.drawn import lines_of, only_table, texts_of
from tests.reports.synthetic_runs import corrupted, kept_table, make_record, write_run

ALL = (*BENCHMARK_CORRUPTIONS, *EXTRA_CORRUPTIONS)


def measured(mode: str, names: tuple[str, ...], *severities: int) -> list[Record]:
    """Every corruption is 10 images of 1000 worse than the one before, and 100 a severity."""
    worse = {name: 900 - 10 * ALL.index(name) for name in names}
    return [
        make_record(mode, correct=950),
        *(corrupted(mode, n, s, most - 100 * s) for n, most in worse.items() for s in severities),
    ]


def test_corruptions_stand_below_their_families(tmp_path: Path) -> None:
    table = only_table(write_run(tmp_path / "r", measured("bn", ALL, 1, 5)))
    texts = texts_of(draw_figure(CORRUPTION_DOTS, table, inches=6.8, kind="svg"))
    names = [text for text in texts if text in (*ALL, *FAMILIES, "clean", "mean of the 15")]
    expected = ["clean"]
    for family, members in FAMILIES.items():
        expected += ["mean of the 15"] * (family == "extra")
        expected += [family, *(name for name in members if name != "frost")]
    assert names == expected
    assert {"frost (procedural)", "(procedural frost)", "bn", "chance"} <= set(texts)
    assert {
        "accuracy in %, mean over severities 1, 5",
        "corruptions made by ln-bench with the severities of CIFAR-10-C",
    } <= set(texts)


def test_dots_stand_where_the_accuracies_are(tmp_path: Path) -> None:
    table = only_table(write_run(tmp_path / "r", measured("bn", ALL, 5)))
    (line,) = lines_of(draw_figure(CORRUPTION_DOTS, table, inches=6.8, kind="svg"))
    accuracies = [400 - 10 * i for i in range(len(ALL))]
    expected = [950, *accuracies[:15], sum(accuracies[:15]) / 15, *accuracies[15:]]
    left = line.markers[0][0] - (line.markers[0][0] - line.markers[1][0]) * 950 / 550
    scale = (line.markers[0][0] - left) / 950
    assert [x for x, _ in line.markers] == pytest.approx([left + scale * v for v in expected])
    heights = [y for _, y in line.markers]
    assert heights == sorted(heights)
    assert line.pieces == 7, "no line between families"


def test_the_legend_says_which_intervals_are_drawn(tmp_path: Path) -> None:
    for severities, words in (((5,), "95 % Wilson interval"), ((1, 5), "95 % interval")):
        run = write_run(tmp_path / words, measured("bn", ("fog", "snow"), *severities))
        texts = texts_of(draw_figure(CORRUPTION_DOTS, only_table(run), inches=6.8, kind="svg"))
        assert [text for text in texts if "interval" in text] == [words]


def test_what_was_not_measured_has_no_dot(tmp_path: Path) -> None:
    records = measured("bn", ("fog", "spatter", "snow"), 1, 3) + measured("plain", ("fog",), 1)
    table = only_table(write_run(tmp_path / "r", records))
    svg = draw_figure(CORRUPTION_DOTS, table, inches=3.3, kind="svg")
    names = [text for text in texts_of(svg) if text in (*ALL, *FAMILIES) or "mean of" in text]
    assert names == ["weather", "snow", "fog", "extra", "spatter"]
    (line,) = lines_of(svg)
    assert len(line.markers) == 4, "clean and three of bn; plain has only its clean one"


def test_unknown_corruptions_are_other_ones(tmp_path: Path) -> None:
    records = [make_record(), corrupted("bn", "blue_noise", 5, 500)]
    table = only_table(write_run(tmp_path / "r", records))
    texts = texts_of(draw_figure(CORRUPTION_DOTS, table, inches=6.8, kind="svg"))
    assert texts.index("other") < texts.index("blue_noise")
    assert "accuracy in % at severity 5" in texts


def test_severities_of_the_fifteen_alone(tmp_path: Path) -> None:
    records = measured("bn", ALL, 1, 2, 4) + measured("plain", ALL[1:], 1, 2, 4)
    table = only_table(write_run(tmp_path / "r", records))
    svg = draw_figure(SEVERITY_MEANS, table, inches=6.8, kind="svg")
    (line,) = lines_of(svg)
    steps = [b[1] - a[1] for a, b in zip(line.markers, line.markers[1:], strict=False)]
    assert steps == pytest.approx([2.2 * steps[1], steps[1], 2 * steps[1]])
    widths = [b[0] - a[0] for a, b in zip(line.markers, line.markers[1:], strict=False)]
    assert widths == pytest.approx([widths[0], widths[0], 2 * widths[0]])
    texts = texts_of(svg)
    assert "mean of the 15 (procedural frost)" in texts
    assert (
        "severity of corruptions made by ln-bench with the severities of CIFAR-10-C; 0 is clean"
        in texts
    )


def test_many_modes_make_a_low_figure_higher(tmp_path: Path) -> None:
    sizes = range(2, 26)
    measures = measured("dbn-batch", ("fog",), 5)
    records = [replace(record, set_size=size) for size in sizes for record in measures]
    modes = [f"dbn-batch (sets of {size})" for size in sizes]
    table = only_table(write_run(tmp_path / "r", records))
    png = draw_figure(CORRUPTION_DOTS, table, inches=6.8, kind="png")
    width, height = struct.unpack(">II", png[16:24])
    assert width == 6.8 * 200
    assert height > 200 * 0.17 * len(modes)
    assert set(modes) <= set(texts_of(draw_figure(CORRUPTION_DOTS, table, inches=6.8, kind="svg")))


def test_same_table_same_bytes_and_the_limit_on_it(tmp_path: Path) -> None:
    limited = {"limit": 500, "total": 500}
    records = [make_record(correct=450, **limited), corrupted("bn", "fog", 5, 100, **limited)]
    table = only_table(write_run(tmp_path / "r", records))
    svg = draw_figure(CORRUPTION_DOTS, table, inches=3.3, kind="svg")
    assert draw_figure(CORRUPTION_DOTS, table, inches=3.3, kind="svg") == svg
    assert "LIMITED n=500" in texts_of(svg)


def test_intervals_are_drawn_where_there_are_some(tmp_path: Path) -> None:
    records = measured("bn", BENCHMARK_CORRUPTIONS, 1, 2)
    kept = kept_table(tmp_path / "kept", records)
    gone = only_table(write_run(tmp_path / "gone", records))
    for figure, in_kept, in_gone in ((CORRUPTION_DOTS, 17, 1), (SEVERITY_MEANS, 3, 1)):
        drawn = [intervals_drawn(figure, table) for table in (kept, gone)]
        assert [len(found) for found in drawn] == [in_kept, in_gone]
        names = texts_of(draw_figure(figure, kept, inches=6.8, kind="svg"))
        assert "95 % interval" in names
    estimate = kept.estimate(kept.rows[1], kept.modes[0])
    low, high = intervals_drawn(CORRUPTION_DOTS, kept)[1]
    assert (low, high) == (100 * estimate.interval.low, 100 * estimate.interval.high)


def intervals_drawn(figure: Figure, table: Table) -> list[tuple[float, float]]:
    """The intervals of one mode that a figure draws, in percent."""
    axes = mpl.figure.Figure().add_subplot()
    figure.draw(axes, table)
    bars = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 2]
    if bars:
        return [(float(low), float(high)) for low, high in bars]
    vertices = axes.collections[0].get_paths()[0].vertices
    return [
        (min(at), max(at))
        for x in sorted(set(vertices[:, 0]))
        if (at := [float(y) for other, y in vertices if other == x])
    ]


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
