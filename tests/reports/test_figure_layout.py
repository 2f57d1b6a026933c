"""Panels stand where they stood, whatever the solver's last digits; a file is drawn once."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.layout_engine import ConstrainedLayoutEngine

from robustbench_ln.reports.figure_layout import NotebookFigure
from robustbench_ln.reports.figure_style import make_figure, render_figure


def _fill(canvas):
    upper, lower = canvas.subfigures(2, 1)
    upper.suptitle("accuracy, %")
    left, right = lower.subfigures(1, 2)
    for axes in [*upper.subplots(1, 3), left.subplots(), right.subplots()]:
        axes.plot([0, 1], [3, 91], marker="o")
        axes.set_xlabel("severity")


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_the_last_digits_of_the_solver_do_not_show(monkeypatch, kind):
    plain = render_figure(_fill, size=(6.8, 3.4), kind=kind)
    solve = ConstrainedLayoutEngine.execute

    def solve_with_other_digits(engine, figure):
        solve(engine, figure)
        for axes in figure.axes:
            left, bottom, width, height = axes.get_position(original=True).bounds
            axes.set_position((left - 3e-13, bottom + 2e-13, width + 4e-13, height - 1e-13))
            axes.set_in_layout(True)
        for part in (*figure.subfigs, *figure.subfigs[1].subfigs):
            part.bbox_relative.y1 += 3e-13

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", solve_with_other_digits)
    assert render_figure(_fill, size=(6.8, 3.4), kind=kind) == plain


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_a_file_is_the_same_without_drawing_twice(monkeypatch, kind):
    once = render_figure(_fill, size=(6.8, 3.4), kind=kind)
    monkeypatch.delattr(NotebookFigure, "draw")
    assert render_figure(_fill, size=(6.8, 3.4), kind=kind) == once


def test_a_canvas_shows_the_figure_and_not_its_layout_alone():
    figure = make_figure(_fill, size=(3.4, 3.4))
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba()).min() == 0  # black letters
