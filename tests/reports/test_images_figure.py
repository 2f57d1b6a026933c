from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox

from robustbench_ln.modes import MODES
from robustbench_ln.reports.curve_figure import sigma_curves
from robustbench_ln.reports.images_figure import _choose_apart, _fill
from tests.reports.drawn import only_table
from tests.reports.synthetic_runs import agn, make_record, write_run


@pytest.mark.parametrize(
    ("sigmas", "room", "shown"),
    [
        ([0, 1], 5.0, [0, 1]),
        ([0, 0.1, 0.5, 1], 0.2, [0, 0.5, 1]),
        ([0, 0.25, 0.9, 1], 0.2, [0, 0.25, 1]),
        ([0, 1, 2, 3], 1.0, [0, 1, 2, 3]),
    ],
)
def test_images_stand_apart(sigmas: list[float], room: float, shown: list[float]) -> None:
    assert _choose_apart(sigmas, room) == shown


@pytest.mark.parametrize("num_modes", [1, 7])
def test_pictures_of_a_single_panel_stand_at_their_sigmas(tmp_path: Path, num_modes: int) -> None:
    names = [*MODES][:num_modes]
    records = [make_record(name) for name in names]
    records += [agn(name, sigma, 300) for name in names for sigma in (0.25, 1.0)]
    table = only_table(write_run(tmp_path / "run", records))
    pictures = {sigma: np.full((8, 8, 3), 90, np.uint8) for sigma in (0.0, 0.25, 1.0)}
    figure = Figure(figsize=(6.8, 4.0), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    _fill(figure, curves=sigma_curves(table, 6.8), pictures=pictures)
    canvas.draw()
    (axes,) = (axes for axes in figure.axes if any(map(_is_picture, axes.get_children())))
    boxes = [box.get_window_extent() for box in axes.get_children() if _is_picture(box)]
    middles = [(box.x0 + box.x1) / 2 for box in boxes]
    if num_modes == 1:
        places = axes.transData.transform([(sigma, 0) for sigma in pictures])[:, 0]
        assert middles == pytest.approx(places.tolist(), abs=1)
        assert min(box.y0 for box in boxes) > axes.get_window_extent().y1
    else:
        assert np.diff(middles, 2) == pytest.approx([0], abs=1)


def _is_picture(artist: object) -> bool:
    return isinstance(artist, AnnotationBbox)
