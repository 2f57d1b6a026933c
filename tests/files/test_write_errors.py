"""A write that fails is one line with the way to go on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.files.write_errors import explain_write_errors

KEPT = "and run the same command again, what was finished is kept"


def failed(error: Exception) -> str:
    with pytest.raises(RecordError) as caught, explain_write_errors(Path("run")):
        raise error
    assert caught.value.__cause__ is error
    return str(caught.value)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_wants_space(number):
    message = failed(OSError(number, os.strerror(number)))
    assert message == f"cannot write run: {os.strerror(number)}; free some space {KEPT}"


def test_another_failure_names_the_file_that_failed():
    message = failed(PermissionError(errno.EACCES, "Permission denied", "run/a.csv"))
    assert message == f"cannot write run/a.csv: Permission denied; check the path {KEPT}"


def test_errors_without_a_number_are_told_as_they_are():
    assert failed(OSError("odd")) == f"cannot write run: odd; check the path {KEPT}"


def test_other_errors_pass():
    with pytest.raises(KeyError), explain_write_errors(Path("run")):
        raise KeyError("a")
