"""Links are not written through, pipes not waited for, rows appended whole or not at all."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.files import appended_files
from robustbench_ln.files.appended_files import append_whole, drop_torn_line
from robustbench_ln.files.output_folders import refuse_links
from robustbench_ln.files.regular_files import (
    create_regular,
    open_regular,
    open_to_change,
    read_regular,
)
from robustbench_ln.files.whole_files import write_whole


@pytest.fixture
def victim(tmp_path):
    """A file elsewhere that must stay as it is."""
    file = tmp_path / "elsewhere" / "victim"
    file.parent.mkdir()
    file.write_bytes(b"precious\nand torn")
    yield file
    assert file.read_bytes() == b"precious\nand torn"


def test_a_new_file_takes_the_place_of_a_link(tmp_path, victim):
    for name, target in (("a", victim), ("dangling", tmp_path / "none")):
        link = tmp_path / name
        link.symlink_to(target)
        with create_regular(link) as file:
            file.write(b"new")
        assert not link.is_symlink()
        assert link.read_bytes() == b"new"
    assert not (tmp_path / "none").exists()


def test_the_part_of_a_killed_run_is_replaced(tmp_path, victim):
    (tmp_path / "a.txt.part").write_bytes(b"a long stale rest")
    write_whole(tmp_path / "a.txt", b"new")
    (tmp_path / "b.txt.part").symlink_to(victim)
    (tmp_path / "b.txt").symlink_to(victim)
    write_whole(tmp_path / "b.txt", b"new")
    for name in ("a.txt", "b.txt"):
        assert (tmp_path / name).read_bytes() == b"new"
        assert not (tmp_path / f"{name}.part").is_symlink()
        assert not (tmp_path / name).is_symlink()


def test_a_folder_in_the_place_of_a_part_is_one_line(tmp_path):
    (tmp_path / "a.txt.part").mkdir()
    with pytest.raises(RecordError, match=r"cannot write .*a.txt.part: .*; check the path"):
        write_whole(tmp_path / "a.txt", b"new")


def test_links_are_not_changed(tmp_path, victim):
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(RecordError, match="cannot write .*link: Too many levels of symbolic links"):
        append_whole(tmp_path / "link", b"row\n")
    with pytest.raises(RecordError, match="cannot write .*link: Too many levels of symbolic links"):
        drop_torn_line(tmp_path / "link")
    with pytest.raises(OSError, match="Too many levels"):
        open_to_change(tmp_path / "link", create=True)
    assert read_regular(tmp_path / "link") == victim.read_bytes()  # reading follows


def test_pipes_are_neither_read_nor_written(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for action in (open_regular, read_regular, open_to_change):
        with pytest.raises(OSError, match="not a regular file"):
            action(tmp_path / "pipe")
    with pytest.raises(RecordError, match="cannot write .*pipe: not a regular file"):
        append_whole(tmp_path / "pipe", b"row\n")
    for path in (tmp_path, "/dev/zero"):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(path)


def test_rows_are_appended_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "rows"
    append_whole(file, b"")
    assert file.read_bytes() == b""
    append_whole(file, b"one\n")
    append_whole(file, b"two\n")
    assert file.read_bytes() == b"one\ntwo\n"
    written = os.write

    def write_little(descriptor: int, content: memoryview) -> int:
        return written(descriptor, content[:2])

    def fill_up(descriptor: int, content: memoryview) -> int:
        if len(content) < 6:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(descriptor, content[:2])

    monkeypatch.setattr(appended_files.os, "write", write_little)
    append_whole(file, b"three\n")
    assert file.read_bytes() == b"one\ntwo\nthree\n"
    monkeypatch.setattr(appended_files.os, "write", fill_up)
    with pytest.raises(
        RecordError, match="cannot write .*rows: No space left on device; free some"
    ):
        append_whole(file, b"a long row\n")
    assert file.read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("content", "kept"), [(b"a\nb", b"a\n"), (b"a\n", b"a\n"), (b"torn", b""), (b"", b"")]
)
def test_a_torn_line_is_cut_off(tmp_path, content, kept):
    (tmp_path / "rows").write_bytes(content)
    drop_torn_line(tmp_path / "rows")
    assert (tmp_path / "rows").read_bytes() == kept


def test_links_among_the_members_are_refused_at_any_depth(tmp_path, victim):
    run = tmp_path / "run"
    (run / "predictions/deep").mkdir(parents=True)
    (run / "cells.jsonl").touch()
    names = ["cells.jsonl", "predictions", "not there"]
    refuse_links(run, names)
    for name in ("cells.jsonl.part", "predictions/a.npz", "predictions/deep/b"):
        (run / name).symlink_to(victim)
        with pytest.raises(RecordError, match=f"{run / name} is a link; nothing is written or del"):
            refuse_links(run, [*names, "cells.jsonl.part"])
        (run / name).unlink()
    (run / "my_notes").symlink_to(victim)  # not ours
    (tmp_path / "outer").symlink_to(run)  # the folder itself
    refuse_links(tmp_path / "outer", names)


PACKAGE = Path(appended_files.__file__).parents[1]
WRITES = re.compile(
    r"""open\([^)]*["'](w|a|x|r\+)b?["']|os\.truncate|\.(touch|write_text|write_bytes)\("""
)


def test_files_are_written_in_one_room():
    """zipfile's own `open(..., "w")` writes into a file that is open."""
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent.name != "files"
        for line in path.read_text().splitlines()
        if WRITES.search(line) and not re.search(r"file\.open\((images|labels), ", line)
    ]
    assert found == []


def test_files_are_read_in_one_room():
    """But for those of the package itself, which `resources.files` finds."""
    reads = re.compile(r"""\.(read_text|read_bytes)\(|\.open\(["']rb""")
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent.name != "files"
        for line in path.read_text().splitlines()
        if reads.search(line) and "files(" not in line
    ]
    assert found == []
