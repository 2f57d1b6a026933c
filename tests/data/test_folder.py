from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import ImageFolder

from robustbench_ln.data import DataOptions, Framing, load_images
from robustbench_ln.data.oddities import find_oddities
from robustbench_ln.errors import DataError
from tests.data.pictures import make_folder, picture


def load(source: str, *, class_map: Path | None = None, **framing):
    return load_images(source, DataOptions(framing=Framing(**framing), class_map=class_map))


def test_classes_and_files_are_sorted_and_read_as_they_are(tmp_path):
    images = load(make_folder(tmp_path / "x"))
    assert images.kind == "folder"
    assert images.class_names == ("class a", "class b")
    assert images.labels.tolist() == [0, 1, 1]
    assert images.shape == (6, 8, 3)
    for index, seed in enumerate((1, 0, 2)):
        assert np.array_equal(images.read([index])[0], np.asarray(picture(seed=seed)))
    assert np.array_equal(images.read([2, 0]), np.stack([images.read([i])[0] for i in (2, 0)]))
    assert images.image_id(0).endswith("class a/bild_ü1.png")


def test_the_order_is_that_of_torchvision(tmp_path):
    source = make_folder(tmp_path, [(6, 8)] * 12)
    for inner in ("Deep/er", "Deep", "c", "a", "d", "b", "0"):
        (tmp_path / "class a" / inner).mkdir(parents=True, exist_ok=True)
        picture(seed=9).save(tmp_path / "class a" / inner / "z.PNG")
    (tmp_path / "class a" / "notes.txt").write_text("x")
    (tmp_path / "linked").symlink_to(tmp_path / "class b", target_is_directory=True)
    (tmp_path / "class b" / "inner").symlink_to(tmp_path / "class a" / "Deep")
    images = load(source)
    found = [(images.image_id(i), label) for i, label in enumerate(images.labels.tolist())]
    assert found == ImageFolder(str(tmp_path)).samples
    assert len(found) == 29  # 6 + 7, 6 + 2 through a link, and that once more through another


@pytest.mark.parametrize("test", ["test", "val"])
def test_folders_of_two_parts_are_told_from_classes(tmp_path, test):
    make_folder(tmp_path / "train")
    make_folder(tmp_path / test, [(6, 8)] * 4)
    train = load_images(f"folder:{tmp_path}", DataOptions(part="train"))
    assert (train.class_names, len(train)) == (("class a", "class b"), 3)
    assert len(load(f"folder:{tmp_path}")) == 4
    (tmp_path / "truck").mkdir()
    assert load(f"folder:{tmp_path}").class_names == tuple(sorted(("train", test, "truck")))


@pytest.mark.parametrize("name", ["two words", "zwei\nZeilen", "犬", "a\udcff", "%s{0}", "-x"])
def test_names_of_every_kind(tmp_path, name):
    folder = tmp_path / name / name
    folder.mkdir(parents=True)
    picture().save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(folder / f"{name}.png")
    images = load(f"folder:{tmp_path / name}")
    assert np.array_equal(images.read([0])[0], np.asarray(picture()))
    assert images.class_names == (name,)
    assert len(images.sha256()) == 64
    assert images.image_id(0) == str(folder / f"{name}.png")


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


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load(f"folder:{tmp_path / 'x'}")
    picture().save(tmp_path / "loose.png")
    with pytest.raises(DataError, match="no class folders"):
        load(f"folder:{tmp_path}")
    with pytest.raises(DataError, match="no such folder"):
        load(f"folder:{tmp_path / 'loose.png'}")
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "readme.txt").write_text("x")
    with pytest.raises(DataError, match="no images in its 1 class folders"):
        load(f"folder:{tmp_path}")


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    source = make_folder(tmp_path)
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("class b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # the tests may run as root, who may list anything
    with pytest.raises(DataError, match="class b: cannot be read"):
        load(source)


def test_an_empty_class_keeps_its_number_and_is_noted(tmp_path):
    source = make_folder(tmp_path)
    (tmp_path / "class aa").mkdir()
    images = load(source)
    assert images.labels.tolist() == [0, 2, 2]
    assert list(find_oddities(images)) == [
        f"{source}: 1 of 3 classes have no images ('class aa')",
    ]


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


def class_map(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "map.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_class_map_numbers_the_folders(tmp_path):
    source = make_folder(tmp_path / "x")
    mapping = class_map(tmp_path, {"class b": 1, "class a": 4, "far": 6, "near": 4})
    images = load(source, class_map=mapping)
    assert images.labels.tolist() == [4, 1, 1]
    assert images.class_names == ("", "class b", "", "", "class a", "", "far")
    merged = load(source, class_map=class_map(tmp_path, {"class b": 3, "class a": 3}))
    assert merged.labels.tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"class a": 0}, r"map.json: no class for the folder 'class b' \(1 of 2 folders"),
        ({"class a": 0, "class b": "dog"}, "'class b' has class \"dog\"; expected an index"),
        ({"class a": 0, "class b": -1}, "'class b' has class -1"),
        (
            {"class a": 10**12},
            "'class a' has class 1000000000000; expected an index .* below 1,048,576",
        ),
        ({"class a": 0, "class b": True}, "'class b' has class true"),
        ({"class a": 0, "class b": 1.0}, "'class b' has class 1.0"),
        ({}, "not a JSON object"),
        (["class a", "class b"], 'not a JSON object {"folder": class index, ...}'),
        ("{", "not a JSON object .* or damaged"),
        ("[" * 100_000, "not a JSON object"),
        ("", "empty"),
    ],
)
def test_wrong_class_maps_are_refused(tmp_path, content, message):
    source = make_folder(tmp_path / "x")
    with pytest.raises(DataError, match=message):
        load(source, class_map=class_map(tmp_path, content))
    with pytest.raises(DataError, match="none.json: cannot be read"):
        load(source, class_map=tmp_path / "none.json")
