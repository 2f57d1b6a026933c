"""norms.csv as `ln-bench train` writes it, and as it may be damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.runs.norm_history import NormRow, find_norm_history
from robustbench_ln.runs.reading import Run, read_runs
from tests.reports.synthetic_runs import noise_run

HEAD = "epoch,layer,group,gamma_mean,gamma_variance,beta_mean,beta_variance\n"
ROW = "1,bn1,0,0.5,0.1,-0.2,0.3\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (run,) = read_runs([noise_run(tmp_path / "run")])
    return run


def test_it_lies_in_the_run_or_beside_the_checkpoint(run: Run, tmp_path: Path) -> None:
    assert find_norm_history(run) == []
    about = run.path / "run.json"
    content = json.loads(about.read_text())
    content["checkpoint"]["path"] = str(tmp_path / "trained" / "last.pt")
    about.write_text(json.dumps(content))
    (tmp_path / "trained").mkdir()
    (tmp_path / "trained" / "norms.csv").write_text(HEAD + ROW)
    assert find_norm_history(run) == [NormRow(1, "bn1", 0, 0.5, 0.1, -0.2, 0.3)]
    (run.path / "norms.csv").write_text(HEAD + ROW + ROW)
    assert len(find_norm_history(run)) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected the columns epoch, layer"),
        (b"a,b\n1,2\n", "expected the columns epoch, layer"),
        (HEAD.encode() + b"1,bn1,0,x,0,0,0\n", "line 2: not numbers"),
        (HEAD.encode() + b"1,bn1,0\n", "line 2: not numbers"),
        (HEAD.encode() + b"1,bn1,0,nan,0,0,0\n", "line 2: not finite numbers"),
        (HEAD.encode() + b"-1,bn1,0,1,0,0,0\n", "line 2: not finite numbers"),
        (b"\xff\xfe", "not of ln-bench train"),
        (HEAD.encode() + b'1,"' + b"a" * 200_000, "not of ln-bench train"),
    ],
)
def test_damage_is_one_line(run: Run, content: bytes, message: str) -> None:
    (run.path / "norms.csv").write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        find_norm_history(run)
    assert "\n" not in str(caught.value)
    assert "norms.csv" in str(caught.value)
