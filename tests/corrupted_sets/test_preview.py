"""The picture sheet: which tile is where, and that pixels are only enlarged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from robustbench_ln.corrupted_sets.preview import (
    check_new,
    draw_sheet,
    enlarge,
    load_font,
    write_sheet,
)
from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.corruptions.frost import load_frost_textures
from robustbench_ln.corruptions.request import resolve_one_family
from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.errors import RecordError
from robustbench_ln.spec import ConditionRequest
from tests.corrupted_sets.sample_sets import make_images, make_spec

TOP, STEP = 48, 100
"""Height of the titles; tiles of 96 pixels with a gap of 4."""


def left_of(*names: str) -> int:
    """Where the tiles begin: names may be of any length."""
    return round(max(map(load_font(13).getlength, names))) + 12


def tile(sheet: np.ndarray, row: int, column: int, left: int) -> np.ndarray:
    """One pixel of each enlarged one."""
    top, left = TOP + row * STEP, left + column * STEP
    return sheet[top : top + 96 : 3, left : left + 96 : 3]


def test_a_row_is_a_corruption_and_a_column_a_severity():
    images, conditions = make_images(3), make_spec(["contrast", "fog"], [2, 5]).conditions
    sheet = np.asarray(draw_sheet(images, conditions, StreamOptions(seed=6)))
    left = left_of("contrast", "fog")
    assert sheet.shape[0] == TOP + 2 * STEP
    assert sheet.shape[1] >= left + 3 * STEP
    first = torch.from_numpy(images.pixels[:1])
    for condition in conditions:
        row = ["contrast", "fog"].index(condition.corruption)
        assert np.array_equal(tile(sheet, row, 0, left), images.pixels[0])
        expected = degrade(first, condition, seed=6, indices=[0]).images[0].numpy()
        column = [2, 5].index(condition.severity) + 1
        assert np.array_equal(tile(sheet, row, column, left), expected)


def test_a_severity_that_a_corruption_lacks_stays_white():
    one, other = make_spec(["contrast"], [1]).conditions + make_spec(["fog"], [2]).conditions
    sheet = np.asarray(draw_sheet(make_images(), (one, other), StreamOptions(seed=0)))
    left = left_of("contrast", "fog")
    assert (tile(sheet, 0, 2, left) == 255).all()
    assert (tile(sheet, 1, 1, left) == 255).all()
    assert not (tile(sheet, 1, 2, left) == 255).all()


def test_floats_are_rounded_for_the_sheet():
    conditions = noise_conditions(["agn"], convention="released", pixel_range="none", sigmas=[1])
    images = make_images(1)
    noisy = degrade(torch.from_numpy(images.pixels), conditions[-1], seed=0, indices=[0]).images
    sheet = np.asarray(draw_sheet(images, conditions[-1:], StreamOptions(seed=0)))
    expected = (noisy[0].clamp(0, 1) * 255).round().numpy()
    assert np.array_equal(tile(sheet, 0, 1, left_of("agn", "released, not clipped")), expected)


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
        assert picture.height == TOP + STEP
    check_new(tmp_path / "new.png", name="out", overwrite=False)


def test_names_say_what_tells_conditions_apart(monkeypatch):
    """Two conventions of one noise are two rows; frost says of what kind it is."""
    written: list[str] = []
    pen = type(ImageDraw.Draw(Image.new("RGB", (1, 1))))
    monkeypatch.setattr(pen, "text", lambda _pen, _place, text, **_how: written.append(text))
    noises = [
        noise_conditions(["agn"], convention=convention, pixel_range=limits, sigmas=[0.5])[-1]
        for convention, limits in (("paper", "clip"), ("released", "none"))
    ]
    draw_sheet(make_images(1), noises, StreamOptions(seed=6))
    assert written[1:] == ["clean", "σ 0.5", "agn\npaper, clip", "agn\nreleased, not clipped"]
    assert written[0].startswith("first image of ")
    assert written[0].endswith(", seed 6")
    written.clear()
    load_frost_textures.cache_clear()  # it warns once in a process
    asked = ConditionRequest(corruptions=("frost",), severities=(2,), severity_table="cifar10-c")
    with pytest.warns(UserWarning, match="frost is procedural"):
        found = resolve_one_family(asked)
    draw_sheet(make_images(1), found.conditions, StreamOptions(seed=0, frost=found.frost))
    assert written[1:] == ["clean", "severity 2", "frost\nprocedural"]
    assert written[0].endswith(", severities of cifar10-c, seed 0")


def test_the_font_of_sheets_has_letters_of_all_kinds():
    boxes = {letter: load_font(13).getmask(letter).getbbox() for letter in "σéж"}
    assert len(set(boxes.values())) == 3
