from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.runs.description import read_description, writable, write_description
from robustbench_ln.runs.reading import read_runs
from tests.reports.synthetic_runs import make_record, noise_run, write_run


def test_a_description_survives_writing_and_reading(tmp_path: Path) -> None:
    about = read_description(noise_run(tmp_path / "run"))
    write_description(tmp_path, about)
    assert read_description(tmp_path) == about
    assert about.checkpoint.arch == "resnet20"
    assert about.normalize.mean == (0.485, 0.456, 0.406)


def test_paths_that_are_no_utf_8_can_be_written() -> None:
    assert writable("caf\udce9.pt") == "caf?.pt"
    assert writable("café.pt") == "café.pt"


def changed(content: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    name, _, rest = place.partition(".")
    return content | {name: changed(content[name], rest, value) if rest else value}


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("commands", None, ": 'commands' is None; expected a list of 0 to 10,000 items, each text"),
        ("commands", [["x"]], ": 'commands' is (['x'],); expected a list of 0 to 10,000 items"),
        ("label", 5, ": 'label' is 5; expected text of at most 1,000 characters"),
        ("label", "\udcff", r": 'label' is '\udcff'; expected text of at most 1,000 characters"),
        ("label", "x" * 5000, ": 'label' is 'xxxxxxxx"),
        ("data", "cifar10:data", ", 'data': 'cifar10:data'; expected an object with named fields"),
        ("data.num_classes", 0, ", 'data': 'num_classes' is 0; expected a whole number from 1 to"),
        ("data.shape", [32, 32], ", 'data': 'shape' is (32, 32); expected a list of 3 items, each"),
        ("data.colour", 1, ", 'data': unknown fields colour"),
        ("checkpoint", {}, ", 'checkpoint': missing fields path, sha256, arch, num_parameters, nu"),
        ("normalize.std", ["1"], ", 'normalize': 'std' is ('1',); expected a list of 1 to 100 ite"),
        ("seed", 10**30, ": 'seed' is 1000000000000000000000000000000; expected a whole number fr"),
        ("dtype", "float16", ": 'dtype' is 'float16'; expected one of float32"),
        ("device", None, ": 'device' is None; expected text of at most 60 characters"),
        ("versions", {"torch": None}, ": 'versions' is {'torch': None}; expected an object of at"),
        ("extra", 1, ": unknown fields extra"),
    ],
)  # fmt: skip
def test_run_json_names_the_field_that_is_wrong(
    tmp_path: Path, place: str, value: Any, message: str
) -> None:
    run = noise_run(tmp_path / "run")
    file = run / "run.json"
    file.write_text(json.dumps(changed(json.loads(file.read_text()), place, value)))
    with pytest.raises(RecordError) as caught:
        read_runs([run])
    said = str(caught.value)
    assert said.startswith(f"{file}{message}")
    assert said.isprintable()
    assert len(said) < 500


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, r"run\.json: not JSON of ln-bench \(nested too deeply\)"),
        (b'{"schema": ' + b"9" * 5000 + b"}", r"run\.json: not JSON of ln-bench \(a number is too"),
        (b"\xff\xfe", r"run\.json: not JSON \(not text in UTF-8\)"),
        (b"null", r"run\.json: None; expected an object"),
    ],
)
def test_files_that_are_no_run_json_are_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    run = noise_run(tmp_path / "run")
    (run / "run.json").write_bytes(content)
    with pytest.raises(RecordError, match=message):
        read_runs([run])


def test_a_run_needs_rows_of_its_first_seed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [make_record(seed=3)])
    assert read_runs([run])[0].seed == 3
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(content | {"seed": 0}))
    with pytest.raises(RecordError, match=r"cells\.jsonl: no row has the 'seed' of run\.json, 0"):
        read_runs([run])


@pytest.mark.parametrize(
    ("shard", "of", "words"),
    [
        ("3/2", "a" * 64, "'shard' is 3/2 and 'shard_of' is a"),
        ("1/2", None, "'shard' is 1/2 and 'shard_of' is None; expected a shard of a run, as 2/4"),
        (None, "a" * 64, "'shard' is None and 'shard_of' is a"),
        ("0/2", "a" * 64, "'shard' is '0/2'; expected a shard of a run, as 2/4 or null"),
        ("x", "a" * 64, "'shard' is 'x'; expected a shard of a run"),
        (1, "a" * 64, "'shard' is 1; expected a shard of a run"),
    ],
)
def test_shards_that_cannot_be_are_refused(tmp_path: Path, shard, of, words: str) -> None:
    run = noise_run(tmp_path / "run")
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(content | {"shard": shard, "shard_of": of}))
    with pytest.raises(RecordError, match=words):
        read_description(run)


def test_a_run_without_the_fields_of_shards_is_whole(tmp_path: Path) -> None:
    run = noise_run(tmp_path / "run")
    content = json.loads((run / "run.json").read_text())
    del content["shard"], content["shard_of"]
    content["schema"] = 4
    (run / "run.json").write_text(json.dumps(content))
    assert read_description(run).shard is None
