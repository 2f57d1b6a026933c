"""frost: where its textures come from, how they are fitted and which windows are drawn."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

from robustbench_ln.corruptions import frost
from robustbench_ln.corruptions.contract import corrupt_images
from robustbench_ln.corruptions.frost import (
    FROST_FILES,
    choose_textures,
    find_frost_folder,
    fit_texture,
    load_frost_textures,
    procedural_frost,
    with_textures,
)
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.errors import DataError, SpecError
from robustbench_ln.rng import image_streams
from robustbench_ln.spec import FrostTextures
from tests.corruptions.laws import draw
from tests.corruptions.sample_images import sample_images

SETTINGS = {
    "api.py", "cli/corrupt.py", "cli/evaluate.py", "cli/asked.py", "cli/help.py",
    "cli/suites.py", "corruptions/corrupt_arrays.py",
}  # fmt: skip
"""Commands and calls that have the setting."""


@pytest.fixture(autouse=True)
def _no_textures_from_other_tests():
    load_frost_textures.cache_clear()
    yield
    load_frost_textures.cache_clear()


@pytest.fixture
def folder(tmp_path):
    for index, name in enumerate((*FROST_FILES, "frost6.jpg")):
        pixels = np.full((60, 70, 4), 40 * index, dtype=np.uint8)
        picture = Image.fromarray(pixels, "RGBA" if name.endswith("png") else None)
        picture.convert("RGBA" if name.endswith("png") else "RGB").save(tmp_path / name)
    return tmp_path


def test_photographs_from_a_folder(folder):
    textures = load_frost_textures(folder)
    assert textures.kind == "photographs"
    assert [sheet.shape for sheet in textures.textures] == [(60, 70, 3)] * 5
    assert [int(sheet[0, 0, 0]) // 39 for sheet in textures.textures] == [0, 1, 2, 3, 4]
    assert load_frost_textures(folder) is textures


def test_a_folder_without_a_photograph_is_refused(folder):
    (folder / "frost3.png").unlink()
    with pytest.raises(
        DataError, match=r"frost3.png: cannot be read as an image; frost_dir= needs"
    ):
        load_frost_textures(folder)
    (folder / "frost3.png").write_text("no image")
    with pytest.raises(
        DataError, match=r"frost3.png: cannot be read as an image; frost_dir= needs"
    ):
        load_frost_textures(folder)


@pytest.mark.parametrize(("package", "inside"), frost.PACKAGES.items())
def test_photographs_of_an_installed_package_which_is_not_imported(
    package, inside, folder, tmp_path_factory, monkeypatch
):
    site = tmp_path_factory.mktemp("site")
    (site / package / inside).mkdir(parents=True)
    (site / package / "__init__.py").write_text("raise RuntimeError('imported')")
    for name in FROST_FILES:
        (site / package / inside / name).write_bytes((folder / name).read_bytes())
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(frost, "PACKAGES", {package: inside})  # others may be installed
    assert find_frost_folder() == site / package / inside
    assert load_frost_textures().kind == "photographs"
    (site / package / inside / "frost1.png").unlink()
    assert find_frost_folder() is None


def test_procedural_frost_warns_once(monkeypatch):
    monkeypatch.setattr(frost, "PACKAGES", {})
    with pytest.warns(UserWarning, match=r"frost is procedural and not comparable.*frost_dir="):
        assert load_frost_textures().kind == "procedural"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_frost_textures()


def test_procedural_frost_is_always_the_same_and_differs_among_the_five():
    first, again = procedural_frost(), procedural_frost()
    for one, other in zip(first.textures, again.textures, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.shape == (512, 512, 3)
        assert one.std() > 20
    assert len({sheet.tobytes() for sheet in first.textures}) == 5


def test_textures_are_shrunk_without_anti_aliasing():
    sheet = np.random.default_rng(0).integers(0, 256, (100, 200, 3)).astype(np.uint8)
    small = fit_texture(sheet, 0.2, 16, 16)
    assert small.shape == (20, 40, 3)
    np.testing.assert_array_equal(small, sheet[2::5, 2::5])  # centres fall on whole pixels


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((600, 900), (120, 180)), ((314, 559), (63, 112)), ((351, 526), (70, 105))],
)
def test_shrunk_sizes_round(shape, expected):
    assert fit_texture(np.zeros((*shape, 3), np.uint8), 0.2, 32, 32).shape[:2] == expected


def test_small_textures_are_enlarged_until_a_window_can_move():
    sheet = np.zeros((30, 90, 3), dtype=np.uint8)
    assert fit_texture(sheet, 1, 29, 60).shape == (30, 90, 3)
    enlarged = fit_texture(sheet, 1, 60, 60)
    assert enlarged.shape == (61, 183, 3)


def test_frost_takes_the_textures_it_is_given(folder):
    entry = with_textures(CORRUPTIONS["frost"], load_frost_textures(folder))
    images = torch.zeros_like(sample_images(50))
    streams = image_streams(0, "frost", indices=range(50))
    frosted = corrupt_images(entry, images, (1, 0.5, 1), streams)
    assert set(frosted.flatten(1).float().mean(dim=1).round().tolist()) == {0, 20, 40, 60, 80}


def test_postscript_is_no_photograph(folder):
    (folder / "frost2.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(DataError, match=r"frost2.png: cannot be read as an image; frost_dir= nee"):
        load_frost_textures(folder)


@pytest.mark.parametrize("size", [(1, 1), (7, 60), (10, 161), (4097, 4096)])
def test_a_picture_of_odd_sides_is_no_photograph(folder, size):
    """A line would be enlarged to gigabytes where it has to cover the images."""
    Image.new("RGB", size).save(folder / "frost2.png")
    with pytest.raises(DataError, match=rf"frost2.png: has {size[1]}x{size[0]} pixels; a photo"):
        load_frost_textures(folder)


def test_the_smallest_photograph_covers_the_images(folder):
    Image.new("RGB", (8, 128)).save(folder / "frost2.png")
    sheet = load_frost_textures(folder).textures[1]
    assert fit_texture(sheet, 0.2, 32, 32).shape == (429, 33, 3)


def test_frost_draws_every_texture_and_window_but_the_last_ones():
    height, width, size = 40, 45, 32
    sheets = []
    for index in range(5):  # a pixel says which texture, row and column it is
        row, column = np.mgrid[:height, :width]
        sheets.append(np.stack([np.full_like(row, index), row, column], -1).astype(np.uint8))
    entry = with_textures(CORRUPTIONS["frost"], FrostTextures("photographs", sheets))
    (windows,) = draw("frost", (1, 0.2, 1), number=4000, size=size, entry=entry)
    index, top, left = windows[:, 0, 0].T
    assert (windows[:, -1, -1, 1] == top + size - 1).all()
    assert (windows[:, -1, -1, 2] == left + size - 1).all()
    assert stats.chisquare(np.bincount(index, minlength=5)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(top, minlength=height - size)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(left, minlength=width - size)).pvalue > 1e-4
    assert top.max() == height - size - 1  # the upper end is exclusive, as published
    assert left.max() == width - size - 1


def test_textures_are_those_that_the_condition_names(folder):
    photographs, made = load_frost_textures(folder), procedural_frost()
    assert choose_textures(photographs, "photographs") is photographs
    assert choose_textures(None, "procedural") is choose_textures(made, "procedural") is made
    for textures, kind in ((None, "photographs"), (made, "photographs"), (photographs, None)):
        with pytest.raises(SpecError, match=f"{kind or 'no'} frost textures, but the ones given"):
            choose_textures(textures, kind)


def test_a_folder_of_photographs_is_looked_up_in_one_place() -> None:
    """Commands and calls hand over the folder; all else has the pictures."""
    package = Path(frost.__file__).parents[1]
    holders = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"\bfrost_dir\b(?!\')", path.read_text())  # but for messages
    }
    drift = {"cli/inspect.py", "cli/inspect_drift.py"}
    assert holders - SETTINGS - drift == {"corruptions/request.py", "spec/condition.py"}
    readers = {path.name for path in package.rglob("*.py") if "load_frost" in path.read_text()}
    assert readers == {"frost.py", "request.py", "__init__.py"}
