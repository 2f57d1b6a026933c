from __future__ import annotations

import os

import numpy as np
import pytest
from torchvision.datasets import ImageFolder

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError
from tests.data.pictures import load, make_folder, picture


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
    real = {os.path.realpath(file): (file, label) for file, label in reversed(found)}
    assert found == [one for one in ImageFolder(str(tmp_path)).samples if one in real.values()]
    assert len(found) == len(real) == 6 + 7 + 6  # what links lead to is there already
    assert images.class_names == ("class a", "class b", "linked")
    assert "skipped 2 links to folders that are read already" in images.notes[0]


@pytest.mark.parametrize("test", ["test", "val"])
def test_folders_of_two_parts_are_told_from_classes(tmp_path, test):
    make_folder(tmp_path / "train")
    make_folder(tmp_path / test, [(6, 8)] * 4)
    train = load_images(f"folder:{tmp_path}", DataOptions(part="train"))
    assert (train.class_names, len(train)) == (("class a", "class b"), 3)
    assert len(load(f"folder:{tmp_path}")) == 4
    assert load(f"folder:{tmp_path}").notes == (
        f"folder:{tmp_path}: the images are those of {tmp_path / test}",
    )
    (tmp_path / "truck").mkdir()
    with pytest.raises(DataError, match=f"is a part of a data set, .* give folder:.*{test}$"):
        load(f"folder:{tmp_path}")


def test_hidden_folders_are_no_classes(tmp_path):
    source = make_folder(tmp_path)
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (tmp_path / name).mkdir()
        picture().save(tmp_path / name / "0.png")
    images = load(source)
    assert (images.class_names, images.labels.tolist()) == (("class a", "class b"), [0, 1, 1])
    assert images.numbering == "folders"
    expected = "2 hidden or system folders are no classes ('.ipynb_checkpoints', '__MACOSX')"
    assert images.notes == (f"{source}: {expected}",)


def test_folders_of_pictures_that_are_not_read_say_so(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "x.gif").write_text("x")
    with pytest.raises(DataError, match=r"no images in its 1 class folders.*1 files are not read"):
        load(f"folder:{tmp_path}")


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
