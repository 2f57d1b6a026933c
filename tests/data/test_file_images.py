"""Pictures in files: read when they are asked for, and recognised by their digest."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from robustbench_ln.errors import DataError
from tests.data.pictures import load, make_folder, picture


def test_mixed_shapes_name_two_files_and_the_fix(tmp_path):
    images = load(make_folder(tmp_path, [(6, 8), (6, 8), (7, 8)]))
    with pytest.raises(DataError, match=r"ü2.png is 7x8, .*ü1.png is 6x8; .*resize=256, crop=224"):
        images.read([0, 1, 2])
    assert load(f"folder:{tmp_path}", resize=6, crop=6).read([0, 1, 2]).shape == (3, 6, 6, 3)


def test_large_pictures_are_read_alike_by_several_threads(tmp_path):
    images = load(make_folder(tmp_path, [(96, 96)] * 7))
    assert np.array_equal(images.read(range(7)), np.stack([images.read([i])[0] for i in range(7)]))


@pytest.mark.parametrize("side", [6, 96])
def test_a_damaged_picture_is_named_when_it_is_read(tmp_path, side):
    source = make_folder(tmp_path, [(side, side)] * 9)
    for name in ("class b/bild_ü2.png", "class b/bild_ü6.png"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:60])
    images = load(source)
    images.read([0, 1, 2, 3, 4])
    with pytest.raises(DataError, match="ü2.png: not an image .*, or damaged"):  # the first of two
        images.read(range(9))
    (tmp_path / "class b" / "bild_ü2.png").unlink()
    with pytest.raises(DataError, match="ü2.png: cannot be read"):
        images.read([5])
    with pytest.raises(DataError, match="ü2.png: cannot be read"):
        images.sha256()


def test_a_damaged_first_picture_is_named_at_once(tmp_path):
    source = make_folder(tmp_path)
    (tmp_path / "class a" / "bild_ü1.png").write_bytes(b"<!doctype html>")
    with pytest.raises(DataError, match="ü1.png: a web page"):
        load(source)


def test_the_digest_changes_with_bytes_names_and_framing_and_reports_progress(tmp_path):
    source = make_folder(tmp_path)
    ticks = []
    first = load(source).sha256(lambda done, total: ticks.append((done, total)))
    assert ticks == [(1, 3), (2, 3), (3, 3)]
    assert load(source).sha256() == first
    digests = {
        first,
        load(source, resize=6).sha256(),
        load(source, resize=6, interpolation="bicubic").sha256(),
        load(source, crop=4).sha256(),
    }
    (tmp_path / "map.json").write_text('{"class a": 4, "class b": 2}')
    digests.add(load(source, class_map=tmp_path / "map.json").sha256())
    (tmp_path / "class b" / "bild_ü2.png").rename(tmp_path / "class b" / "other.png")
    digests.add(load(source).sha256())
    picture(seed=77).save(tmp_path / "class b" / "other.png")
    digests.add(load(source).sha256())
    assert len(digests) == 7


def test_naming_the_default_interpolation_changes_no_digest(tmp_path):
    source = make_folder(tmp_path)
    named = load(source, resize=6, interpolation="bilinear")
    assert named.sha256() == load(source, resize=6).sha256()


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    side = 64
    for index in range(60):
        folder = tmp_path / f"{index % 2}"
        folder.mkdir(exist_ok=True)
        picture(side, side, seed=index).save(folder / f"{index}.bmp")
    tracemalloc.start()
    images = load(f"folder:{tmp_path}")
    for start in range(0, len(images), 4):
        images.read(range(start, start + 4))
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one = side * side * 3
    assert held < 10 * one
    assert peak < 30 * one  # of 60: what is read at once, twice, and Python's own
