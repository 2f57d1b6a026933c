"""A folder is made, listed, and held by one process."""

from __future__ import annotations

import pytest
from filelock import FileLock

from robustbench_ln.errors import RecordError
from robustbench_ln.files.output_folders import lock_folder, refuse_other_folders


def test_a_folder_is_made_and_held(tmp_path):
    folder = tmp_path / "new/run"
    refuse_other_folders(folder, [], of="run")
    lock = lock_folder(folder)
    assert [path.name for path in folder.iterdir()] == ["lock"]
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


def test_a_folder_of_something_else_is_refused_unless_its_marker_is_there(tmp_path):
    for name in ("lock", "log.csv.part"):
        (tmp_path / name).touch()
    own = ("lock", "log.csv")
    refuse_other_folders(tmp_path, own, of="run", marker="run.json")
    (tmp_path / "thesis.tex").touch()
    for marker in ("run.json", None):
        with pytest.raises(RecordError, match=r"other files \('thesis.tex'\) and no run; give"):
            refuse_other_folders(tmp_path, own, of="run", marker=marker)
    (tmp_path / "run.json").touch()
    refuse_other_folders(tmp_path, own, of="run", marker="run.json")


def test_folders_that_cannot_be_made_are_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="file is a file; give out= a folder"):
        refuse_other_folders(tmp_path / "file", [], of="run")
    with pytest.raises(RecordError, match="cannot write .*below: Not a directory; check the path"):
        lock_folder(tmp_path / "file/below")
