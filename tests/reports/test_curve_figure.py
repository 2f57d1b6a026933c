from __future__ import annotations

import struct
from pathlib import Path

import matplotlib as mpl
import pytest

from robustbench_ln.reports.curve_figure import draw_sigmas
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.mode_styles import MODE_STYLES
from tests.reports.drawn import axes_of, only_table, texts_of
from tests.reports.synthetic_runs import agn, make_record, noise_run, tables_of, write_run

ALL_MODES = tuple(MODE_STYLES)


def drawn(*runs: Path, inches: float = 6.8) -> Drawing:
    (drawing,) = draw_sigmas(only_table(*runs), inches)
    return drawing


def test_svg_names_every_line(tmp_path: Path) -> None:
    texts = texts_of(drawn(noise_run(tmp_path / "r")).render("svg"))
    expected = {"bn", "dbn-batch", "95 % Wilson interval", "chance", "accuracy, %"}
    assert expected <= set(texts)
    what = "σ of additive Gaussian noise (AGN), paper convention, values clipped"
    assert f"resnet20: {what}" in texts
    assert "resnet20" not in texts
    assert "LIMITED" not in " ".join(texts)


def test_the_legend_has_each_mode_and_each_network_once(tmp_path: Path) -> None:
    runs = [noise_run(tmp_path / name, label=name) for name in ("_hidden $x", "b" * 60)]
    drawing = drawn(*runs)
    texts = texts_of(drawing.render("svg"))
    names = ["bn", "dbn-batch", "_hidden $x", "b" * 25 + "..." + "b" * 12]
    assert [text for text in texts if text in names] == names
    (axes,) = axes_of(drawing)
    lines = [line for line in axes.lines if line.get_marker() != "None"]
    assert [line.get_linestyle() for line in lines] == ["-", "-", "--", "--"]
    assert lines[0].get_color() == lines[2].get_color() == MODE_STYLES["bn"].colour
    assert lines[1].get_marker() == lines[3].get_marker() == MODE_STYLES["dbn-batch"].marker


def test_many_lines_have_a_panel_a_mode_and_the_others_in_grey(tmp_path: Path) -> None:
    records = [r for m in ALL_MODES for r in (make_record(m), agn(m, 0.5, 600), agn(m, 1.0, 300))]
    drawing = drawn(write_run(tmp_path / "a", records, label="a"))
    panels = axes_of(drawing)
    assert [axes.get_title().replace("\n", "") for axes in panels] == list(ALL_MODES)
    for mode, axes in zip(ALL_MODES, panels, strict=True):
        marked = [line for line in axes.lines if line.get_marker() != "None"]
        assert [line.get_color() for line in marked] == [MODE_STYLES[mode].colour]
        assert sum(line.get_color() == "0.85" for line in axes.lines) == len(ALL_MODES) - 1
        assert axes.get_ylim() == panels[0].get_ylim()
    assert "the other modes" in " ".join(drawing.key.names)


def test_many_networks_have_a_panel_each(tmp_path: Path) -> None:
    runs = [noise_run(tmp_path / f"n{i}", label=f"n{i}") for i in range(5)]
    drawing = drawn(*runs, inches=3.3)
    assert [axes.get_title() for axes in axes_of(drawing)] == ["n0", "n1", "n2", "n3", "n4"]
    assert [name.strip() for name in drawing.key.names][:2] == ["bn", "dbn-batch"]
    assert "n0" not in " ".join(drawing.key.names)


def test_the_axis_of_a_weak_network_ends_where_its_accuracies_do(tmp_path: Path) -> None:
    records = [make_record("bn", correct=180), agn("bn", 0.5, 120), agn("bn", 1.0, 100)]
    (axes,) = axes_of(drawn(write_run(tmp_path / "r", records)))
    assert axes.get_ylim() == pytest.approx((-0.75, 25.75))
    assert axes.get_xlim() == pytest.approx((-0.04, 1.04)), "no marker on the edge"


def test_one_sigma_alone_shows_its_interval(tmp_path: Path) -> None:
    (table,) = tables_of(tmp_path, [agn("bn", 0.5, 300)])
    (drawing,) = draw_sigmas(table, 6.8)
    (axes,) = axes_of(drawing)
    (bar,) = (line for line in axes.lines if line.get_linewidth() == 2.2)
    interval = table.estimate(table.rows[0], table.modes[0]).interval
    assert list(bar.get_ydata()) == [100 * interval.low, 100 * interval.high]


def test_limits_are_stamped_on_the_figure(tmp_path: Path) -> None:
    records = [make_record("bn", limit=9, total=9, correct=5)]
    records.append(agn("bn", 1.0, 3, limit=9, total=9))
    drawing = drawn(write_run(tmp_path / "r", records), inches=3.3)
    assert "LIMITED n=9" in texts_of(drawing.render("svg"))


@pytest.mark.parametrize("inches", [6.8, 3.3])
def test_png_has_200_dots_an_inch(tmp_path: Path, inches: float) -> None:
    png = drawn(noise_run(tmp_path / "r"), inches=inches).render("png")
    width, _ = struct.unpack(">II", png[16:24])
    assert width == round(inches * 200)


def test_bytes_do_not_depend_on_the_users_style(tmp_path: Path) -> None:
    drawing = drawn(noise_run(tmp_path / "r"), inches=3.3)
    usual = drawing.render("svg")
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.hashsalt": None}):
        assert drawing.render("svg") == usual
        assert mpl.rcParams["font.size"] == 20
    assert b"<dc:date>" not in usual
