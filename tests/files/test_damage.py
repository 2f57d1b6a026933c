"""Files that are not what their name says are told apart by how they begin."""

from __future__ import annotations

import os

import pytest

from robustbench_ln.files.damage import explain_bad_file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty; expected an image. Fetch it again"),
        (b"\n\n", "empty; expected an image. Fetch it again"),
        (b" \n<!DOCTYPE HTML>404", "a web page saved in place of an image; fetch the file itself"),
        (b"<svg><HTML></svg>", "a web page saved in place of an image; fetch the file itself"),
        (b"<svg></svg>", "not an image, or damaged; fetch it again"),
        (b"version https://git-lfs", "a Git LFS pointer, not the file; run git lfs pull"),
        (b"\x89PNG", "not an image, or damaged; fetch it again"),
    ],
)  # fmt: skip
def test_a_file_is_told_by_how_it_begins(tmp_path, content, message):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert str(explain_bad_file(path, "an image")) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("said", "shown"),
    [("cut\n  off", " (cut off)"), ("a\x1b[31m", " ('a\\x1b[31m')"), ("", "")],
)
def test_what_the_reader_said_is_one_printable_line(tmp_path, said, shown):
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK")
    error = explain_bad_file(path, "an .npz archive", ValueError(said))
    assert str(error) == f"{path}: not an .npz archive, or damaged{shown}; fetch it again"


def test_what_cannot_be_opened_is_no_damage(tmp_path):
    missing = explain_bad_file(tmp_path / "none", "an image")
    assert str(missing).endswith("none: cannot be read (No such file or directory); check the path")
    os.mkfifo(tmp_path / "pipe")
    assert "pipe: cannot be read (not a regular file)" in str(
        explain_bad_file(tmp_path / "pipe", "an image")
    )
