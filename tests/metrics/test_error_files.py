from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.errors import Message, RecordError, SpecError
from robustbench_ln.metrics.corruption_error import CorruptionErrors
from robustbench_ln.metrics.error_files import BASELINES, find_doubts, read_baseline, read_errors

HEADER = "corruption,severity,error\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "errors.csv"
    path.write_text(text)
    return path


def test_rows_are_read_in_any_order(tmp_path: Path) -> None:
    text = "severity, error ,corruption,note\n".replace(" ", "") + "3.0, 0.25,fog,x\n0,0.1,clean,\n"
    errors = read_errors(write(tmp_path, text), is_percent=False)
    assert errors.cells == {("fog", 3): 0.25}
    assert (errors.name, errors.clean, errors.means) == ("errors.csv", 0.1, {})


def test_a_mean_stands_for_five_severities(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "fog,mean,20\n")
    assert read_errors(path, is_percent=True).sum_of("fog") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("fog,1\n", "row 2: error '' is not a number"),
        ("fog,1,high\n", "row 2: error 'high' is not a number"),
        ("fog,1,nan\n", r"row 2: error nan is not in 0\.\.1; .* is_percent=True"),
        (
            "fog,1,0.5\nfog,2,22.2\n",
            r"row 3: error 22\.2 is not in 0\.\.1; .* give is_percent=True",
        ),
        ("fog,6,0.5\n", "row 2: fog has severity '6'; expected 1 to 5, or mean"),
        ("clean,1,0.5\n", "row 2: clean has severity '1'; expected 0"),
        ("fog,1,0.5\nfog,1.0,0.5\n", "row 3: fog 1 is listed twice; keep one"),
        ("fog,1,0.5\nfog,mean,0.5\n", "fog has a mean and severities of its own; keep one"),
        ("", "holds no errors"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        read_errors(write(tmp_path, HEADER + rows), is_percent=False)


def test_percent_ends_at_a_hundred(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"row 2: error 101 is not in 0\.\.100$"):
        read_errors(write(tmp_path, HEADER + "fog,1,101\n"), is_percent=True)


def test_unknown_corruptions_get_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"row 2: unknown corruption 'fogg'; did you mean 'fog'"):
        read_errors(write(tmp_path, HEADER + "fogg,1,0.5\n"), is_percent=False)


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="has no column 'error'; its first line must name"):
        read_errors(write(tmp_path, "corruption,severity\n"), is_percent=False)
    with pytest.raises(RecordError, match=r"cannot be read \(No such file or directory\)"):
        read_errors(tmp_path / "none.csv", is_percent=False)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match=r"cannot be read \(it is no UTF-8 text\)"):
        read_errors(binary, is_percent=False)
    with pytest.raises(RecordError, match=r"cannot be read \(field larger than field limit"):
        read_errors(write(tmp_path, HEADER + f"{'a' * 200_000},1,0.5\n"), is_percent=False)


def test_every_baseline_has_a_file() -> None:
    for name in BASELINES:
        assert read_baseline(name).missing_cells() == []
    with pytest.raises(SpecError, match="unknown baseline 'alexnett'; did you mean 'alexnet'"):
        read_baseline("alexnett")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_and_tabs_separate_columns_and_decimals_may_have_a_comma(
    tmp_path: Path, separator: str
) -> None:
    rows = "corruption,severity,error\nfog,1,0.25\nclean,0,0.1\n".replace(",", separator)
    path = write(tmp_path, rows)
    assert read_errors(path, is_percent=False).cells == {("fog", 1): 0.25}
    path = write(tmp_path, rows.replace(".", ","))
    errors = read_errors(path, is_percent=False)
    assert (errors.cells, errors.clean) == ({("fog", 1): 0.25}, 0.1)


def table(values: dict[tuple[str, int], float], clean: float | None = None) -> CorruptionErrors:
    return CorruptionErrors(name="x.csv", cells=values, clean=clean)


def test_accuracies_in_the_place_of_errors_are_doubted() -> None:
    right = {("fog", 1): 0.2, ("fog", 5): 0.6, ("snow", 1): 0.3, ("snow", 5): 0.5}
    assert find_doubts(table(right, 0.1), is_percent=False) == []
    assert find_doubts(table(right), is_percent=False) == []
    accuracies = {place: 1 - error for place, error in right.items()}
    (doubt,) = find_doubts(table(accuracies, 0.9), is_percent=False)
    assert "the clean images have the largest error, so that these look like accuracies" in doubt
    (doubt,) = find_doubts(table(accuracies), is_percent=False)
    assert "under most corruptions the error falls with the severity" in doubt
    assert find_doubts(table({("fog", 1): 0.9, ("fog", 5): 0.9}, 0.9), is_percent=False) == []


def test_shares_that_were_called_percent_are_doubted() -> None:
    shares = {("fog", 1): 0.002, ("fog", 5): 0.01}
    (doubt,) = find_doubts(table(shares, 0.001), is_percent=True)
    assert "no value is above 1" in doubt
    assert Message(doubt).endswith("Leave out is_percent=True")
    assert find_doubts(table(shares, 0.001), is_percent=False) == []
    assert find_doubts(table(shares | {("snow", 1): 0.0101}, 0.001), is_percent=True) == []


def test_no_published_table_is_doubted() -> None:
    for name in BASELINES:
        assert find_doubts(read_baseline(name), is_percent=False) == []
