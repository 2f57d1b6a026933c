"""Files that grow by whole lines, as their readers see them."""

from __future__ import annotations

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.files import appended_files
from robustbench_ln.files.appended_files import append_whole, drop_torn_line, read_whole_lines


def test_a_line_that_was_being_written_is_left_out_by_readers_and_cut_off_by_writers(tmp_path):
    file = tmp_path / "rows"
    append_whole(file, b"one\n\ntw")
    assert list(read_whole_lines(file)) == [b"one\n", b"\n"]
    assert file.read_bytes() == b"one\n\ntw"
    drop_torn_line(file)
    append_whole(file, b"two\n")
    assert list(read_whole_lines(file)) == [b"one\n", b"\n", b"two\n"]


def test_a_line_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(appended_files, "_LONGEST_LINE", 10)
    file = tmp_path / "rows"
    file.write_bytes(b"123456789\n" + 11 * b"x")
    lines = read_whole_lines(file)
    assert next(lines) == b"123456789\n"
    with pytest.raises(RecordError, match="rows, line 2: more than 10 bytes; not a row"):
        next(lines)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(RecordError, match="none: cannot be read .No such file"):
        list(read_whole_lines(tmp_path / "none"))
