"""A file is there whole or not at all, and no part of one is left behind."""

from __future__ import annotations

import errno
import os

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.files import whole_files
from robustbench_ln.files.whole_files import open_whole, write_whole


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_streamed_appears_at_the_end(tmp_path):
    file = tmp_path / "a.txt"
    write_whole(file, b"old")
    with open_whole(file) as stream:
        stream.write(b"one ")
        stream.write(b"two")
        assert file.read_bytes() == b"old"
    assert file.read_bytes() == b"one two"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    write_whole(file, b"old")
    monkeypatch.setattr(whole_files.os, "fsync", no_space)
    with pytest.raises(RecordError, match="cannot write .*a.txt: No space left on device; free so"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt()])
def test_an_error_of_the_writer_leaves_the_old_file(tmp_path, error):
    file = tmp_path / "a.txt"
    write_whole(file, b"old")

    def write() -> None:
        with open_whole(file) as stream:
            stream.write(b"new")
            raise error

    with pytest.raises(type(error)):
        write()
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["a.txt"]


def test_the_sync_can_be_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(whole_files.os, "fsync", no_space)
    write_whole(tmp_path / "a.txt", b"new", is_synced=False)
    assert (tmp_path / "a.txt").read_bytes() == b"new"
    assert names(tmp_path) == ["a.txt"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    write_whole(tmp_path / "file", b"old")
    for place, message in [
        ("none/a.txt", "cannot write .*a.txt.*: No such file or directory; check the path"),
        ("file/a.txt", "cannot write .*a.txt.*: Not a directory; check the path"),
    ]:
        with pytest.raises(RecordError, match=message):
            write_whole(tmp_path / place, b"new")
