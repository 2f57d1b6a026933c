"""Folders of strangers: runs, corrupted sets and trainings; a file or name of each is another."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
from numpy.random import Generator

from tests.fuzz.damage import damage_bytes, damaged_array, damaged_json, damaged_lines, pick
from tests.fuzz.watch import Case

GOLDEN = Path(__file__).parents[1] / "golden" / "schema_1"


def plant_rows(base: Path, folder: Path, draws: Generator) -> Case:
    """A run of which cells.jsonl has other rows or bytes."""
    run = _copy(_some_run(base, draws), folder / "run")
    file = run / "cells.jsonl"
    damage = damage_bytes if draws.random() < 0.2 else damaged_lines
    file.write_bytes(damage(file.read_bytes(), draws))
    return _read_run(base, run, draws)


def plant_description(base: Path, folder: Path, draws: Generator) -> Case:
    """A run of which run.json says something else."""
    run = _copy(_some_run(base, draws), folder / "run")
    file = run / "run.json"
    file.write_bytes(damaged_json(file.read_bytes(), draws))
    return _read_run(base, run, draws)


def plant_predictions(base: Path, folder: Path, draws: Generator) -> Case:
    """A run of which predictions or images are others, or lead elsewhere."""
    run = _copy(_some_run(base, draws), folder / "run")
    for file in sorted((run / "predictions").iterdir()):
        if draws.random() < 0.5:
            continue
        if draws.random() < 0.15:
            replace_member(file, draws)
        elif draws.random() < 0.4:
            file.write_bytes(damage_bytes(file.read_bytes(), draws))
        else:
            file.write_bytes(_other_arrays(file, draws))
    return _read_run(base, run, draws)


def _some_run(base: Path, draws: Generator) -> Path:
    return base / "run" if draws.random() < 0.5 else pick(draws, [base / "run2", GOLDEN])


def _copy(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target, symlinks=True))


def _other_arrays(file: Path, draws: Generator) -> bytes:
    with np.load(file) as archive:
        arrays = dict(archive)
    for _ in range(int(draws.integers(1, 3))):
        name = pick(draws, sorted(arrays))
        if draws.random() < 0.1:
            del arrays[name]
            break
        arrays[name] = damaged_array(arrays[name], draws)
    buffer = io.BytesIO()
    (np.savez_compressed if draws.random() < 0.1 else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def _read_run(base: Path, run: Path, draws: Generator) -> Case:
    """Some command that reads a run; now and then a member of it is a link."""
    if draws.random() < 0.1:
        replace_member(pick(draws, sorted(run.iterdir())), draws)
    name = run.name
    figure = pick(draws, ["images", "histogram", "confusion", "votes", "reliability", "clean"])
    match int(draws.integers(14)):
        case 0 | 1 | 2 | 3 | 4 | 5:
            return Case(["report", name, "--figures", "none"], [f"{name}/report"])
        case 6 | 7:
            return Case(["report", name, "--figures", figure, "--out", "o"], ["o"])
        case 8 | 9:
            bn = [f"{name}:{mode}" for mode in ("bn", "dbn-batch")]
            ln = [f"{name}:{mode}" for mode in ("ln-single", "ln-single-voting")]
            modes = bn if draws.random() < 0.5 else ln
            return Case(["compare", *modes, "--out", "o"], ["o"])
        case 10 | 11:
            return Case(["score", name, "--out", "o"], ["o"])
        case 12:
            return Case(["mce", f"{base}/errors.csv", "--baseline", f"{name}:bn"])
        case _:
            command = "localnorm --noise agn --sigmas 0,1 --limit 12"
            words = f"evaluate demo:{command} --data demo:digits --modes ln-single --out".split()
            return Case([*words, name], [name])


def replace_member(path: Path, draws: Generator) -> None:
    """Put a link, a pipe, a folder or nothing in the place of a file or folder."""
    outside = path.parent
    while not (outside / "outside").is_dir():
        outside = outside.parent
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    match int(draws.integers(5)):
        case 0:
            path.symlink_to(outside / "outside" / "victim")
        case 1:
            path.symlink_to(outside / "outside" / "folder")
        case 2:
            os.mkfifo(path)
        case 3:
            path.mkdir()
        case _:
            path.symlink_to(path.name)


def plant_set(base: Path, folder: Path, draws: Generator) -> Case:
    """A corrupted set of which the manifest, the journal, an array or a name is another."""
    kind = pick(draws, ["set", "set", "folders", "noisy"])
    place = _copy(base / kind, folder / "set")
    manifest = place / "manifest.json"
    if draws.random() < 0.3:
        _to_journal(place, draws)
    if draws.random() < 0.5:
        manifest.write_bytes(damaged_json(manifest.read_bytes(), draws))
    files = sorted(path for path in place.rglob("*") if path.is_file() and path != manifest)
    if draws.random() < 0.5 and files:
        file = pick(draws, files)
        file.write_bytes(damage_bytes(file.read_bytes(), draws))
    if draws.random() < 0.2:
        replace_member(pick(draws, sorted(place.iterdir())), draws)
    again = {
        "set": "--corruptions contrast --severities 1,2 --severity-table cifar10-c",
        "folders": "--corruptions contrast --severities 1 --severity-table cifar10-c --format folder",
        "noisy": "--noise agn --sigmas 1",
    }[kind]
    make = ["corrupt", "demo:digits", *again.split(), "--limit", "3", "--out", "set"]
    evaluate = [
        "evaluate",
        "demo:batchnorm",
        "--data",
        "corrupted:set",
        "--modes",
        "bn",
        "--limit",
        "2",
        "--out",
        "run",
    ]
    return pick(
        draws,
        [
            Case(["corrupt", "--verify", "set"]), Case(make, ["set"]),
            Case([*make, "--overwrite"], ["set"]), Case(evaluate, ["run"]),
        ],
    )  # fmt: skip


def _to_journal(place: Path, draws: Generator) -> None:
    """Make it a set that was being made when its command was killed."""
    content = json.loads((place / "manifest.json").read_text())
    files = content["files"]
    lines = [{"file": [path, about["bytes"], about["sha256"]]} for path, about in files.items()]
    lines += [{"block": ["contrast.npy", 0]}, {"restart": "contrast.npy"}]
    content |= {"files": {}, "complete": False}
    (place / "manifest.json").write_text(json.dumps(content))
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    (place / "journal.jsonl").write_bytes(damaged_lines(text, draws))


def plant_shards(base: Path, folder: Path, draws: Generator) -> Case:
    """A folder of shards of which one says or holds something else, or is there twice."""
    place = _copy(base / "shards", folder / "shards")
    shard = place / pick(draws, ["1", "2"])
    match int(draws.integers(4)):
        case 0:
            _copy(shard, place / "3")
        case 1:
            replace_member(pick(draws, sorted(shard.iterdir())), draws)
        case 2:
            file = shard / "run.json"
            file.write_bytes(damaged_json(file.read_bytes(), draws))
        case _:
            file = shard / "cells.jsonl"
            file.write_bytes(damaged_lines(file.read_bytes(), draws))
    words = pick(
        draws, [["report", "shards", "--figures", "none"], ["compare", "shards", "shards"]]
    )
    return Case([*words, "--out", "o"], ["o"])


def plant_training(base: Path, folder: Path, draws: Generator) -> Case:
    """A training of which one file is another."""
    place = _copy(base / "training", folder / "training")
    file = place / str(pick(draws, ["train.json", "state.pt", "log.csv", "norms.csv", "last.pt"]))
    if draws.random() < 0.15:
        replace_member(file, draws)
    elif file.suffix == ".json":
        file.write_bytes(damaged_json(file.read_bytes(), draws))
    else:
        file.write_bytes(damage_bytes(file.read_bytes(), draws))
    words = (base / "training.txt").read_text().split()
    return Case([*words, "training"], ["training"])
