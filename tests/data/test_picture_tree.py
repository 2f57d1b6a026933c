"""Each real folder is read once; what is left out is counted and said."""

from __future__ import annotations

import shutil

import pytest

from robustbench_ln.data.picture_tree import is_hidden, list_pictures, name_some
from tests.data.pictures import picture


@pytest.fixture
def root(tmp_path):
    """Classes cat and dog with two pictures each."""
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for index in range(2):
            picture().save(tmp_path / name / f"{index}.png")
    return tmp_path


WHOLE = [("cat", "cat/0.png"), ("cat", "cat/1.png"), ("dog", "dog/0.png"), ("dog", "dog/1.png")]


def notes_of(root):
    tree = list_pictures(root, ("cat", "dog"))
    return list(tree.files), tree.notes("x")


def test_a_plain_tree_has_no_notes(root):
    (root / "cat" / "labels.txt").write_text("x")
    (root / "cat" / "Thumbs.db").write_text("x")
    (root / "cat" / ".DS_Store").write_text("x")
    assert notes_of(root) == (WHOLE, ())


def test_hidden_folders_inside_of_classes_and_hidden_files_are_skipped(root):
    for place in ("cat/.ipynb_checkpoints", "dog/a/@eaDir", "dog/__MACOSX/deep"):
        (root / place).mkdir(parents=True)
        picture().save(root / place / "0.png")
    (root / "cat" / "._0.png").write_bytes(b"\0\5\x16\7")
    files, notes = notes_of(root)
    assert files == WHOLE
    assert notes == (
        "x: skipped 3 hidden or system folders ('cat/.ipynb_checkpoints', 'dog/__MACOSX', "
        "'dog/a/@eaDir')",
        "x: skipped 1 hidden files that are named as pictures",
    )


def test_pictures_of_other_kinds_are_counted(root):
    for name in ("a.gif", "b.GIF", "c.heic", "without", "d.jpg_large"):
        (root / "cat" / name).write_text("x")
    files, (note,) = notes_of(root)
    assert files == WHOLE
    assert "x: 5 files are not read (1 without an ending, 2 .gif, 1 .heic, 1 .jpg_large)" in note
    assert ".jpeg .jpg .pgm .png" in note


@pytest.mark.parametrize(
    ("link", "target"),
    [("cat/loop", "cat"), ("cat/up", "."), ("cat/other", "dog"), ("dog/a/b", "cat")],
)
def test_links_to_what_is_read_already_are_left_out(root, link, target):
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(root / target, target_is_directory=True)
    files, notes = notes_of(root)
    assert files == WHOLE  # above all: no picture of dog is a cat
    assert notes == (f"x: skipped 1 links to folders that are read already ('{link}')",)


def test_a_class_may_be_a_link_but_not_to_another_class(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(root / "cat", elsewhere / "c")
    (root / "cat").symlink_to(elsewhere / "c", target_is_directory=True)
    assert notes_of(root) == (WHOLE, ())
    (root / "cat").unlink()
    (root / "cat").symlink_to(root / "dog", target_is_directory=True)
    files, notes = notes_of(root)
    assert files == WHOLE[2:]  # the real folder has its pictures, though its name comes later
    assert notes == ("x: skipped 1 links to folders that are read already ('cat')",)


def test_what_lies_in_a_link_is_read_once(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    picture().save(elsewhere / "z.png")
    for link in ("cat/a", "cat/b", "dog/c"):
        (root / link).symlink_to(elsewhere, target_is_directory=True)
    files, notes = notes_of(root)
    assert set(files) - set(WHOLE) == {("cat", "cat/a/z.png")}
    assert "skipped 2 links" in notes[0]


def test_hidden_names():
    assert all(map(is_hidden, (".git", ".ipynb_checkpoints", "__MACOSX", "@eaDir")))
    assert not any(map(is_hidden, ("cat", "_cat", "macosx", "a.b", "...x"[3:])))


def test_many_names_are_cut():
    assert name_some(["a", "b", "c"]) == "'a', 'b', 'c'"
    assert name_some(["a", "b", "c", "d"]) == "'a', 'b', 'c', ..."
