from __future__ import annotations

import pytest

from robustbench_ln.reports.images_figure import _choose_apart


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
