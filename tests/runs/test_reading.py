from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.reports.families import read_tables
from robustbench_ln.runs.description import read_description, write_description
from robustbench_ln.runs.reading import read_runs
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import corrupted, make_record, write_run

PARTS = (BENCHMARK_CORRUPTIONS[:7], BENCHMARK_CORRUPTIONS[7:])


def write_part(folder: Path, names, *, label: str = "net", mode: str = "bn", **fields) -> Path:
    rows = [
        corrupted(mode, name, severity, 900 - 10 * severity, **fields)
        for name in names
        for severity in range(1, 6)
    ]
    return write_run(folder, [make_record(mode, **fields), *rows], label=label)


def test_parts_of_one_run_are_one_column_with_a_mean_of_the_15(tmp_path: Path) -> None:
    paths = [write_part(tmp_path / name, part) for name, part in zip("ab", PARTS, strict=True)]
    (run,) = read_runs(paths)
    assert run.label == "net"
    assert len(run.records) == 1 + 15 * 5
    assert [command.split()[-1] for command in run.commands] == ["a", "b"]
    (table,) = read_tables(paths)
    (mode,) = table.modes
    (mean,) = [row for row in table.rows if row.name.startswith("mean of the 15")]
    assert table.accuracy(mean, mode) == pytest.approx(0.87)
    folders = {condition.corruption: mode.path_of(condition).parts[-3] for condition in mode.cells}
    assert folders["clean"] == folders[PARTS[0][0]] == "a"
    assert folders[PARTS[1][0]] == "b"


def test_a_run_of_the_clean_cell_joins_the_others(tmp_path: Path) -> None:
    clean = write_run(tmp_path / "clean", [make_record()], label="net")
    part = write_part(tmp_path / "part", PARTS[0])
    assert [len(run.records) for run in read_runs([clean, part])] == [36]


@pytest.mark.parametrize(
    "change",
    [
        {"label": "other"},
        {"checkpoint_sha256": "e" * 64},
        {"data_sha256": "e" * 64},
        {"limit": 100},
        {"order": "as-is"},
        {"seed": 1},
        {"set_size": 3},
    ],
    ids=str,
)
def test_other_runs_stand_side_by_side(tmp_path: Path, change: dict) -> None:
    first = write_part(tmp_path / "a", PARTS[0], mode="dbn-batch", set_size=2)
    second = write_part(tmp_path / "b", PARTS[1], mode="dbn-batch", **({"set_size": 2} | change))
    assert len(read_runs([first, second])) == 2


@pytest.mark.parametrize("field", ["device", "code_sha256", "normalize"])
def test_runs_of_another_network_or_device_stand_side_by_side(tmp_path: Path, field: str) -> None:
    paths = [write_part(tmp_path / name, part) for name, part in zip("ab", PARTS, strict=True)]
    about = read_description(paths[1])
    if field == "device":
        about = replace(about, device="cuda")
    elif field == "code_sha256":
        about = replace(about, checkpoint=replace(about.checkpoint, code_sha256="f" * 64))
    else:
        about = replace(about, normalize=replace(about.normalize, name="x", std=(1.0, 1.0, 1.0)))
    write_description(paths[1], about)
    assert [run.label for run in read_runs(paths)] == ["net (a)", "net (b)"]


def test_labels_decide_too(tmp_path: Path) -> None:
    paths = [
        write_part(tmp_path / name, part, label=name)
        for name, part in zip("ab", PARTS, strict=True)
    ]
    assert [run.label for run in read_runs(paths)] == ["a", "b"]
    assert [run.label for run in read_runs(paths, ["x", "x"])] == ["x"]
    other = write_part(tmp_path / "c", PARTS[1], checkpoint_sha256="e" * 64)
    with pytest.raises(SpecError, match="several runs are called 'x'"):
        read_runs([paths[0], other], ["x", "x"])


def test_a_cell_with_other_results_in_another_part_is_refused(tmp_path: Path) -> None:
    first = write_part(tmp_path / "a", PARTS[0])
    same = write_part(tmp_path / "b", PARTS[1])
    rows = [make_record(correct=901), corrupted("bn", "fog", 1, 5)]
    other = write_run(tmp_path / "c", rows, label="net")
    assert len(read_results([first, same])) == 1
    words = "a and .*c: bn under clean 0 was measured twice, with 'correct' 900 and 901; "
    with pytest.raises(RecordError, match=f"{words}give each its own label= to show them"):
        read_runs([first, other])
    assert len(read_runs([first, other], ["x", "y"])) == 2
