from __future__ import annotations

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.files import described_files
from robustbench_ln.files.described_files import encode_described, read_described
from robustbench_ln.runs.check_results import CheckResult

CHECK = CheckResult(name="chance", status="passed", message="fine", numbers={"accuracy": 0.5})


def test_a_dataclass_without_a_schema_is_no_file_of_its_own(tmp_path):
    file = tmp_path / "check.json"
    file.write_bytes(encode_described(CHECK))
    assert b'"accuracy": 0.5' in file.read_bytes()
    with pytest.raises(RecordError, match="check.json: "):
        read_described(CheckResult, file)


def test_a_file_too_long_to_be_ours_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(described_files, "_MOST_BYTES", 10)
    (tmp_path / "long.json").write_bytes(b"[" * 11)
    with pytest.raises(RecordError, match="long.json: more than 10 bytes; not of ln-bench"):
        read_described(CheckResult, tmp_path / "long.json")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecordError, match="none.json: cannot be read .No such file"):
        read_described(CheckResult, tmp_path / "none.json")
