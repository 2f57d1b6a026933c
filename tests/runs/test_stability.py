from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.runs.description import CheckpointDescription, NormalizationDescription
from robustbench_ln.runs.stability import Stability, StabilityDescription, StabilityFolder

ROW = Stability(
    perturbation="tilt",
    frames_sha256="0" * 64,
    mode="bn",
    set_size=None,
    num_frames=5,
    comparisons=4,
    flips=(0, 4, 2),
    distances=(0, 60, 7),
)
ABOUT = StabilityDescription(
    commands=("ln-bench flips net.pt",),
    source="cifar10-p:DIR",
    checkpoint=CheckpointDescription(
        path="net.pt", sha256="1" * 64, arch="net", num_parameters=10, num_groups=1
    ),
    normalize=NormalizationDescription(name="none", mean=(0.0,), std=(1.0,)),
    difficulty=1,
    limit=None,
    stat_batch=128,
    group_size=16,
    prior=16.0,
    seed=0,
    tie_rule="random",
    device="cpu",
    versions={"torch": "2"},
)


def test_shares_and_distances_are_of_each_sequence():
    assert ROW.flip_shares.tolist() == [0, 1, 0.5]
    assert ROW.mean_distances.tolist() == [0, 15, 1.75]
    assert replace(ROW, distances=None).mean_distances is None


def test_rows_survive_and_a_line_that_was_being_written_is_dropped(tmp_path):
    other = replace(ROW, mode="dbn-batch", set_size=10)
    with StabilityFolder(tmp_path / "out", ABOUT) as folder:
        folder.append([ROW, other])
    file = tmp_path / "out" / "flips.jsonl"
    file.write_bytes(file.read_bytes() + b'{"mode":')
    moved = replace(ABOUT, source="cifar10-p:ELSEWHERE", commands=("again",))
    with StabilityFolder(tmp_path / "out", moved) as folder:
        assert folder.rows == [ROW, other]
        assert folder.find("tilt", "0" * 64) == [ROW, other]
        assert folder.find("scale", "2" * 64) == []
    assert file.read_bytes().endswith(b"\n")
    about = json.loads((tmp_path / "out" / "flips.json").read_text())
    assert about["commands"] == ["ln-bench flips net.pt", "again"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"limit": 5}, "flips whose limit is none; now 5 is asked for"),
        ({"stat_batch": 10}, "flips whose stat_batch is 128; now 10"),
        (
            {"normalize": replace(ABOUT.normalize, std=(0.5,))},
            "flips whose normalize",
        ),
        (
            {"checkpoint": replace(ABOUT.checkpoint, sha256="2" * 64)},
            "flips whose checkpoint sha256 is 111111111111...; now 222222222222...",
        ),
    ],
)
def test_another_question_needs_another_folder(change, line, tmp_path):
    with StabilityFolder(tmp_path / "out", ABOUT) as folder:
        folder.append([ROW])
    with pytest.raises(RecordError, match=line.replace(".", r"\.")) as caught:
        StabilityFolder(tmp_path / "out", replace(ABOUT, **change))
    assert "give out= a new folder" in str(caught.value)


def test_a_folder_of_wrong_input_is_taken_away(tmp_path):
    with (
        pytest.raises(RecordError, match="no"),
        StabilityFolder(tmp_path / "out", ABOUT),
    ):
        raise RecordError("no")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"flips": [0, 5, 2]}, "5 flips in 4 comparisons of 5 frames"),
        ({"comparisons": 5}, "4 flips in 5 comparisons of 5 frames"),
        ({"distances": [0, 61, 7]}, "'distances' do not fit 3 sequences of 4 comparisons"),
        ({"distances": [0, 1]}, "'distances' do not fit 3 sequences"),
        ({"flips": []}, "'flips' is (); expected a list of 1 to 1,000,000 items"),
        ({"mode": "magic"}, "'mode' is 'magic'; expected one of"),
        ({"sharing": "none"}, "'sharing' is 'none'; expected one of sets, sliding"),
        ({"colour": 1}, "unknown fields colour"),
    ],
)
def test_damaged_rows_are_named(fields, line, tmp_path):
    with StabilityFolder(tmp_path / "out", ABOUT) as folder:
        folder.append([ROW])
    file = tmp_path / "out" / "flips.jsonl"
    file.write_text(json.dumps(asdict(ROW) | fields) + "\n")
    with pytest.raises(RecordError) as caught:
        StabilityFolder(tmp_path / "out", ABOUT)
    assert f"{file}, line 1: " in str(caught.value)
    assert line in str(caught.value)


def test_one_cell_with_two_results_is_refused(tmp_path):
    with StabilityFolder(tmp_path / "out", ABOUT) as folder:
        folder.append([ROW])
        folder.append([replace(ROW, flips=(0, 0, 0))])
    with pytest.raises(RecordError, match="line 2: tilt, bn was measured before, with other count"):
        StabilityFolder(tmp_path / "out", ABOUT)


def test_flips_json_of_something_else_is_refused(tmp_path):
    (tmp_path / "flips.json").write_text('{"schema": 5}')
    with pytest.raises(RecordError, match=r"flips\.json: missing fields commands"):
        StabilityFolder(tmp_path, ABOUT)
    (tmp_path / "flips.json").write_text("[]")
    with pytest.raises(RecordError, match=r"flips\.json"):
        StabilityFolder(tmp_path, ABOUT)
