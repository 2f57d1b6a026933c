from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.runs.description import read_description, write_description
from robustbench_ln.runs.merging import find_shards, missing_shards
from robustbench_ln.runs.reading import read_runs
from robustbench_ln.runs.shards import Shard
from tests.reports.synthetic_runs import corrupted, make_record, write_run

NAMES = BENCHMARK_CORRUPTIONS[:5]


def write_shard(
    folder: Path, shard: str, *, of: str = "a" * 64, label: str = "net", **fields
) -> Path:
    """A shard of a run of two seeds under five corruptions, as `evaluate` writes its rows."""
    number, count = map(int, shard.split("/"))
    seeds = (fields.pop("seed", 0), 1)
    rows = [
        row
        for seed in seeds
        for row in (
            make_record(seed=seed, **fields),
            *(corrupted("bn", name, 3, 800, seed=seed, **fields)
              for name in Shard(number, count).take(NAMES)),
        )
    ]  # fmt: skip
    path = write_run(folder, rows, label=label)
    write_description(path, replace(read_description(path), shard=shard, shard_of=of))
    return path


def write_shards(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    return [write_shard(folder / f"{i}", f"{i}/{count}") for i in range(1, count + 1)]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_rows_of_shards_stand_as_one_process_measures_them(
    tmp_path: Path, count: int, is_reversed: bool
) -> None:
    paths = write_shards(tmp_path / "run", count)
    (run,) = read_runs(paths[::-1] if is_reversed else paths)
    expected = [(seed, name) for seed in (0, 1) for name in ("clean", *NAMES)]
    assert [(row.seed, row.corruption) for row in run.records] == expected
    assert {shard.number for shard in run.shards} == set(range(1, count + 1))
    assert run.folder_of(run.records[1].cell).name == "1"
    assert not missing_shards([run])


def test_the_folder_of_shards_is_one_run(tmp_path: Path) -> None:
    paths = write_shards(tmp_path / "run", 3)
    (tmp_path / "run/report").mkdir()
    (tmp_path / "run/slurm-1.out").write_text("")
    write_run(tmp_path / "run/other", [make_record()], label="no shard")
    assert find_shards(tmp_path / "run") == paths
    assert read_runs([tmp_path / "run"])[0].records == read_runs(paths)[0].records
    assert read_runs([tmp_path / "run"], ["x"])[0].label == "x"
    with pytest.raises(SpecError, match="run/2 is given 2 times; give each run once"):
        read_runs([tmp_path / "run", paths[1]])


def test_shards_come_by_number_and_not_by_name(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_shard(tmp_path / "run/b", "10/11")
    write_shard(tmp_path / "run/c", "9/11")
    assert [path.name for path in find_shards(tmp_path / "run")] == ["c", "b"]


def test_a_folder_without_shards_is_no_run(tmp_path: Path) -> None:
    write_run(tmp_path / "runs/one", [make_record()])
    with pytest.raises(RecordError, match=r"runs: no cells.jsonl; expected a run directory"):
        read_runs([tmp_path / "runs"])


def test_missing_shards_are_named(tmp_path: Path) -> None:
    paths = write_shards(tmp_path / "run", 4)
    (run,) = read_runs([paths[0], paths[2], paths[3]])
    words = "Note: net: shard 2/4 is missing; the conditions of a missing shard are in no table"
    assert missing_shards([run, run]) == [words]
    assert [row.corruption for row in run.records[:5]] == [
        "clean", NAMES[0], NAMES[2], NAMES[3], NAMES[4]
    ]  # fmt: skip
    (run,) = read_runs([paths[3]])
    assert missing_shards([run])[0].startswith("Note: net: shards 1/4, 2/4, 3/4 are missing;")
    many = write_shard(tmp_path / "many", "2/99999")
    (run,) = read_runs([many])
    assert "6/99999, 7/99999, 8/99999, 9/99999 and 99990 more are" in missing_shards([run])[0]


def test_a_shard_without_rows_is_missing_still(tmp_path: Path) -> None:
    paths = write_shards(tmp_path / "run", 2)
    (paths[1] / "cells.jsonl").write_bytes(b"")
    (run,) = read_runs([tmp_path / "run"])
    assert "shard 2/2 is missing" in missing_shards([run])[0]


def test_one_shard_twice_is_one_shard_unless_its_rows_differ(tmp_path: Path) -> None:
    paths = write_shards(tmp_path / "run", 2)
    twin = Path(shutil.copytree(paths[1], tmp_path / "twin"))
    (run,) = read_runs([*paths, twin])
    assert len(run.records) == 12
    other = write_shard(tmp_path / "other", "2/2", ties=1)
    words = "run/1 and .*other: bn under clean 0 was measured twice, with 'ties' 0 and 1; give"
    with pytest.raises(RecordError, match=words):
        read_runs([*paths, other])


@pytest.mark.parametrize(
    ("shard", "fields", "words"),
    [
        ("2/2", {"checkpoint_sha256": "e" * 64}, "another checkpoint sha256 .cccc.* and eeee.*"),
        ("2/2", {"limit": 1000}, r"another limit \(none and 1000\)"),
        ("2/2", {"order": "as-is"}, r"another order \(shuffled and as-is\)"),
        ("2/2", {"of": "b" * 64}, "other conditions, modes, statistics or repeats"),
        ("2/3", {}, "shard 1/2 is of one, shard 2/3 of the other"),
    ],
)
def test_shards_of_other_settings_are_refused_in_one_line(
    tmp_path: Path, shard: str, fields: dict, words: str
) -> None:
    (tmp_path / "run").mkdir()
    first = write_shard(tmp_path / "run/1", "1/2")
    second = write_shard(tmp_path / "run/2", shard, **fields)
    head = "run/1 and .*run/2 are shards of different runs: "
    with pytest.raises(RecordError, match=f"{head}{words}; measure it again, or give each run its"):
        read_runs([first, second])
    with pytest.raises(RecordError, match=f"{head}{words}; keep in .*run the shards of one run al"):
        read_runs([tmp_path / "run"])
    assert len(read_runs([first, second], ["a", "b"])) == 2


def test_a_folder_has_the_shards_of_one_label(tmp_path: Path) -> None:
    write_shards(tmp_path / "run", 2)
    write_shard(tmp_path / "run/3", "1/2", label="other")
    with pytest.raises(RecordError, match=r"another label \('net', not 'other'\); keep in"):
        read_runs([tmp_path / "run"])


def test_whole_runs_of_shards_stand_side_by_side(tmp_path: Path) -> None:
    first = write_shards(tmp_path / "a", 2)
    second = [write_shard(tmp_path / f"b{i}", f"{i}/2", checkpoint_sha256="e" * 64) for i in (1, 2)]
    assert [run.label for run in read_runs([*first, *second])] == ["net (1)", "net (b1)"]
    assert len(read_runs([tmp_path / "a", *second])) == 2


def test_a_whole_run_and_its_shards_stand_side_by_side(tmp_path: Path) -> None:
    paths = write_shards(tmp_path / "a", 2)
    whole = write_run(tmp_path / "whole", [make_record()], label="net")
    assert len(read_runs([whole, *paths])) == 2
