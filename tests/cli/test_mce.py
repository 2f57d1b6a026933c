from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from robustbench_ln.cli.main import app
from robustbench_ln.errors import LnBenchError, RecordError, SpecError
from tests.metrics.test_corruption_error import STANDARD

CheckGolden = Callable[[str, str], None]
ALEXNET = Path(str(files("robustbench_ln.metrics"))) / "baselines" / "alexnet.csv"


def run(*words: object) -> Result:
    result = CliRunner().invoke(app, ["mce", *map(str, words)])
    if isinstance(result.exception, LnBenchError):
        raise result.exception
    return result


def standard_csv(folder: Path, *, without: str = "", clean: str = "clean,0,5.22\n") -> Path:
    """The published errors of RobustBench `Standard`, in percent."""
    rows = [
        f"{name},{level},{error}\n"
        for name, *errors in (line.split() for line in STANDARD.strip().splitlines())
        for level, error in enumerate(errors, start=1)
    ]
    kept = [row for row in rows if not row.startswith(without or "nothing")]
    path = folder / "standard.csv"
    path.write_text("corruption,severity,error\n" + clean + "".join(kept))
    return path


def test_robustbench_standard(tmp_path: Path, check_golden: CheckGolden) -> None:
    output = run(standard_csv(tmp_path), "--percent").output
    mean = next(line for line in output.splitlines() if line.startswith("mean of the 15"))
    assert mean.split()[-2:] == ["43.51", "26.54"]
    check_golden("mce_standard.txt", output)


def test_alexnet_against_itself_is_exactly_100(tmp_path: Path) -> None:
    result = run(ALEXNET, "--baseline", "alexnet", "--out", tmp_path / "out")
    assert "mCE, relative to alexnet: 100.00 %." in result.stdout
    assert "Relative mCE, of the rise above the clean error: 100.00 %." in result.stdout
    frame = pd.read_csv(tmp_path / "out" / "mce.csv")
    assert set(frame["ce"]) == {1.0}
    assert frame["mean"][15] == pytest.approx(0.7889931, abs=1e-7)
    assert result.stderr.split() == [
        str(tmp_path / "out" / f"mce.{kind}") for kind in ("csv", "md")
    ]


def test_a_baseline_of_means(tmp_path: Path, check_golden: CheckGolden) -> None:
    path = standard_csv(tmp_path)
    run(path, "--percent", "--baseline", "wrn-40-2", "--out", tmp_path / "out")
    check_golden("mce_standard_wrn.md", (tmp_path / "out" / "mce.md").read_text())


def test_missing_cells_are_named_and_no_mean_is_given(tmp_path: Path) -> None:
    path = standard_csv(tmp_path, without="fog,3", clean="")
    output = " ".join(run(path, "--percent", "--baseline", "alexnet").output.split())
    assert (
        "Not given for lack of fog 3 in standard.csv; the clean error (clean,0,ERROR) in "
        "standard.csv: Mean error of the 15" in output
    )
    assert "mCE, relative to alexnet:" not in output
    many = standard_csv(tmp_path, without="f")
    assert "lack of 10 of 75 cells" not in run(many, "--percent").output
    many.write_text("corruption,severity,error\nfog,1,0.5\n")
    assert "lack of 74 of 75 cells in standard.csv" in run(many).output


def test_a_baseline_of_ones_own(tmp_path: Path) -> None:
    path = standard_csv(tmp_path)
    output = run(path, "--percent", "--baseline", path).output
    assert "mCE, relative to standard.csv: 100.00 %." in output


def test_wrong_input_is_one_line(tmp_path: Path) -> None:
    path = standard_csv(tmp_path)
    with pytest.raises(SpecError, match="unknown baseline 'alex'; .*alexnet"):
        run(path, "--percent", "--baseline", "alex")
    with pytest.raises(RecordError, match=r"row 2: error 5\.22 is not in .* give is_percent=True"):
        run(path)
    zero = tmp_path / "zero.csv"
    own = "".join(
        f"{','.join(line.split(',')[:2])},0\n" if line.startswith("fog") else f"{line}\n"
        for line in ALEXNET.read_text().splitlines()
    )
    zero.write_text(own)
    with pytest.raises(RecordError, match=r"zero\.csv makes no error under fog: the ratio"):
        run(ALEXNET, "--baseline", zero)
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot write .*file: File exists; check the path"):
        run(ALEXNET, "--out", tmp_path / "file")


def test_what_may_be_no_errors_is_warned_of_beside_the_numbers(tmp_path: Path) -> None:
    path = standard_csv(tmp_path)
    path.write_text(path.read_text().replace("clean,0,5.22", "clean,0,94.78"))
    result = run(path, "--percent", "--out", tmp_path / "out")
    assert "Warning: standard.csv: the clean images have the largest error" in result.stderr
    assert (
        "Warning: standard.csv: the clean images have the largest"
        in (tmp_path / "out" / "mce.md").read_text()
    )
    shares = tmp_path / "shares.csv"
    shares.write_text("corruption;severity;error\nfog;1;0,27\nclean;0;0,05\n")
    result = run(shares, "--percent")
    assert "Warning: shares.csv: no value is above 1" in result.stderr
    assert "Leave out --percent" in result.stderr
    assert "Warning" not in run(shares).output
    assert (
        "Warning: standard.csv: the clean" in run(ALEXNET, "--baseline", path, "--percent").stderr
    )


def test_baselines_are_listed() -> None:
    output = CliRunner().invoke(app, ["list", "baselines"]).output
    assert [line.split()[0] for line in output.splitlines()] == ["alexnet", "wrn-40-2"]
