"""A folder is made, listed, and held by one process."""

from __future__ import annotations

import pytest
from filelock import FileLock

from robustbench_ln.errors import RecordError
from robustbench_ln.output_folders import list_folder, lock_folder


def test_a_folder_is_made_and_held(tmp_path):
    folder = tmp_path / "new/run"
    assert list_folder(folder) == set()
    lock = lock_folder(folder)
    assert list_folder(folder) == {"lock"}
    with pytest.raises(
        RecordError, match="run is in use by another ln-bench; wait for it, or give"
    ):
        lock_folder(folder)
    lock.release()
    lock_folder(folder).release()


def test_another_name_is_another_lock(tmp_path):
    with FileLock(tmp_path / ".lock"):
        lock_folder(tmp_path).release()
        with pytest.raises(RecordError, match="in use by another ln-bench"):
            lock_folder(tmp_path, ".lock")


def test_folders_that_cannot_be_made_are_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="file is a file; give --out a folder"):
        list_folder(tmp_path / "file")
    with pytest.raises(RecordError, match="cannot write .*below: Not a directory; check the path"):
        lock_folder(tmp_path / "file/below")
