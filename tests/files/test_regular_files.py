"""Regular files are opened, and nothing that one would wait for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robustbench_ln.files.regular_files import open_regular, read_regular


def test_a_file_is_read_whole_through_a_link_too(tmp_path):
    (tmp_path / "a").write_bytes(b"\x00\r\nb")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_regular(tmp_path / "link") == b"\x00\r\nb"
    with open_regular(tmp_path / "a") as file:
        assert file.read(1) == b"\x00"
        assert file.seek(0, os.SEEK_END) == 4


def test_pipes_devices_and_folders_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, os.devnull):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none")


def test_what_was_refused_is_closed_again(tmp_path):
    open_files = Path("/proc/self/fd")  # Linux alone tells them
    before = sum(1 for _ in open_files.iterdir())
    for _ in range(5):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path)
    assert sum(1 for _ in open_files.iterdir()) == before
