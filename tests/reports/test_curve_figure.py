from __future__ import annotations

import struct
from pathlib import Path

import matplotlib as mpl
import pytest

from robustbench_ln.reports.curve_figure import CURVES
from robustbench_ln.reports.figure_style import draw_figure
from tests.reports.drawn import only_table, texts_of
from tests.reports.synthetic_runs import agn, make_record, noise_run, write_run


def test_svg_names_every_line(tmp_path: Path) -> None:
    texts = texts_of(
        draw_figure(CURVES, only_table(noise_run(tmp_path / "r")), inches=6.8, kind="svg")
    )
    assert {"bn", "dbn-batch", "95 % Wilson interval", "chance", "accuracy, %"} <= set(texts)
    assert "σ of additive Gaussian noise (AGN), paper convention, values clipped" in texts
    assert "LIMITED" not in " ".join(texts)


def test_legend_is_grouped_by_run(tmp_path: Path) -> None:
    runs = [noise_run(tmp_path / name, label=name) for name in ("_hidden $x", "b" * 60)]
    texts = texts_of(draw_figure(CURVES, only_table(*runs), inches=6.8, kind="svg"))
    assert texts.index("_hidden $x") < texts.index("bn") < texts.index("b" * 20 + "..." + "b" * 9)
    assert texts.count("bn") == 2


def test_limits_are_stamped_on_the_figure(tmp_path: Path) -> None:
    records = [make_record("bn", limit=9, total=9, correct=5)]
    records.append(agn("bn", 1.0, 3, limit=9, total=9))
    table = only_table(write_run(tmp_path / "r", records))
    assert "LIMITED n=9" in texts_of(draw_figure(CURVES, table, inches=3.3, kind="svg"))


@pytest.mark.parametrize("inches", [6.8, 3.3])
def test_png_has_200_dots_an_inch(tmp_path: Path, inches: float) -> None:
    png = draw_figure(CURVES, only_table(noise_run(tmp_path / "r")), inches=inches, kind="png")
    width, _ = struct.unpack(">II", png[16:24])
    assert width == round(inches * 200)


def test_bytes_do_not_depend_on_the_users_style(tmp_path: Path) -> None:
    table = only_table(noise_run(tmp_path / "r"))
    usual = draw_figure(CURVES, table, inches=3.3, kind="svg")
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.hashsalt": None}):
        assert draw_figure(CURVES, table, inches=3.3, kind="svg") == usual
        assert mpl.rcParams["font.size"] == 20
    assert b"<dc:date>" not in usual
