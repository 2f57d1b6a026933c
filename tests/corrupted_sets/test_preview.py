"""The picture sheet: which tile is where, and that pixels are only enlarged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_ln.corrupted_sets.preview import check_new, draw_sheet, enlarge, write_sheet
from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.errors import RecordError
from tests.corrupted_sets.sample_sets import make_images, make_spec

LEFT, TOP, STEP = 150, 24, 100
"""Width of the names, height of the titles; tiles of 96 pixels with a gap of 4."""


def tile(sheet: np.ndarray, row: int, column: int) -> np.ndarray:
    """One pixel of each enlarged one."""
    top, left = TOP + row * STEP, LEFT + column * STEP
    return sheet[top : top + 96 : 3, left : left + 96 : 3]


def test_a_row_is_a_corruption_and_a_column_a_severity():
    images, conditions = make_images(3), make_spec(["contrast", "fog"], [2, 5]).conditions
    sheet = np.asarray(draw_sheet(images, conditions, StreamOptions(seed=6)))
    assert sheet.shape == (TOP + 2 * STEP, LEFT + 3 * STEP, 3)
    first = torch.from_numpy(images.pixels[:1])
    for condition in conditions:
        row = ["contrast", "fog"].index(condition.corruption)
        assert np.array_equal(tile(sheet, row, 0), images.pixels[0])
        expected = degrade(first, condition, seed=6, indices=[0]).images[0].numpy()
        assert np.array_equal(tile(sheet, row, [2, 5].index(condition.severity) + 1), expected)


def test_a_severity_that_a_corruption_lacks_stays_white():
    one, other = make_spec(["contrast"], [1]).conditions + make_spec(["fog"], [2]).conditions
    sheet = np.asarray(draw_sheet(make_images(), (one, other), StreamOptions(seed=0)))
    assert (tile(sheet, 0, 2) == 255).all()
    assert (tile(sheet, 1, 1) == 255).all()
    assert not (tile(sheet, 1, 2) == 255).all()


def test_floats_are_rounded_for_the_sheet():
    conditions = noise_conditions(["agn"], convention="released", pixel_range="none", sigmas=[1])
    images = make_images(1)
    noisy = degrade(torch.from_numpy(images.pixels), conditions[-1], seed=0, indices=[0]).images
    sheet = np.asarray(draw_sheet(images, conditions[-1:], StreamOptions(seed=0)))
    expected = (noisy[0].clamp(0, 1) * 255).round().numpy()
    assert np.array_equal(tile(sheet, 0, 1), expected)


def test_grey_images_are_shown_in_grey_pixel_by_pixel():
    shown = np.asarray(enlarge(np.array([[[7], [200]]], dtype=np.uint8), 2))
    assert shown[..., 0].tolist() == [[7, 7, 200, 200]] * 2
    assert (shown == shown[..., :1]).all()


def test_a_sheet_that_is_there_is_kept_unless_it_may_be_replaced(tmp_path):
    path = tmp_path / "sheet.png"
    path.write_bytes(b"mine")
    options = make_images(), make_spec(["contrast"], [1]).conditions, StreamOptions(seed=0)
    with pytest.raises(RecordError, match="sheet.png exists; give another preview=, or over"):
        write_sheet(*options, path=path, overwrite=False)
    assert path.read_bytes() == b"mine"
    write_sheet(*options, path=path, overwrite=True)
    with Image.open(path) as picture:
        assert picture.size == (LEFT + 2 * STEP, TOP + STEP)
    check_new(tmp_path / "new.png", name="out", overwrite=False)
