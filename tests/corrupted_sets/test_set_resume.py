"""A set that was stopped, damaged or is made over: nothing lost, nothing made twice."""

from __future__ import annotations

import errno
import importlib
import os
from pathlib import Path

import pytest

from robustbench_ln.corrupted_sets.arrays_writer import ArrayFormat
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate, verify
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import RecordError
from tests.corrupted_sets.sample_sets import (
    make_images,
    make_spec,
    tree_digest,
    write_pictures,
)

MODULE = importlib.import_module("robustbench_ln.corrupted_sets.writer")


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("name", ["npy", "npz", "folder"])
@pytest.mark.parametrize("num_units", [1, 4, 11])
def test_a_stopped_set_lists_whole_files_only_and_goes_on(tmp_path, monkeypatch, name, num_units):
    whole, out = tmp_path / "whole", tmp_path / "set"
    generate(make_images(), make_spec(format=name), out=whole)
    made = []

    def stop(*arguments, **keywords):
        if len(made) == num_units:
            raise StoppedError
        made.append(1)
        return degrade(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(MODULE, "_check_first_image", lambda *_: None)
        patch.setattr(MODULE, "degrade", stop)
        with pytest.raises(StoppedError):
            generate(make_images(), make_spec(format=name), out=out,
                     options=GenerationOptions(workers=1))  # fmt: skip
    with pytest.raises(RecordError, match="unfinished, .* files stand; run the same command"):
        verify(out)
    generate(make_images(), make_spec(format=name), out=out)
    assert tree_digest(out) == tree_digest(whole)
    assert verify(out) == len(tree_digest(out)) - 1


@pytest.mark.parametrize("name", ["labels.npy", "contrast_1.npz", "contrast/1/0/0.png"])
def test_a_full_disk_leaves_no_part_of_a_file_and_the_set_goes_on(tmp_path, monkeypatch, name):
    spec = make_spec(["contrast"], [1], format=Path(name).suffix[1:].replace("png", "folder"))
    generate(make_images(), spec, out=tmp_path / "whole")
    out, replace = tmp_path / "set", Path.replace

    def fail(part, target):
        if target == out / name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(part, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(RecordError, match="No space left on device; free some space and run"):
            generate(make_images(), spec, out=out)
    assert not (out / name).exists()
    assert not (out / f"{name}.part").exists()
    generate(make_images(), spec, out=out)
    assert tree_digest(out) == tree_digest(tmp_path / "whole")


def test_only_what_is_missing_is_made_again(tmp_path, monkeypatch):
    out = tmp_path / "set"
    generate(make_images(), make_spec(), out=out)
    before = tree_digest(out)
    (out / "contrast.npy").unlink()
    written = []
    write = ArrayFormat.write
    monkeypatch.setattr(
        ArrayFormat, "write", lambda self, unit, x: written.append(unit) or write(self, unit, x)
    )
    generate(make_images(), make_spec(), out=out)
    assert {unit.condition.corruption for unit in written} == {"contrast"}
    assert tree_digest(out) == before


def test_a_torn_journal_line_is_cut_off(tmp_path):
    out = tmp_path / "set"
    generate(make_images(), make_spec(), out=out)
    whole = tree_digest(out)
    (out / "journal.jsonl").write_text('{"restart": "nothing.npy"}\n{"blo')
    generate(make_images(), make_spec(), out=out)
    assert tree_digest(out) == whole


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.unlink(), "contrast.npy: missing"),
        (lambda f: f.write_bytes(b"x"), "contrast.npy: 1 bytes, expected 43136"),
        (lambda f: f.write_bytes(f.read_bytes()[:-1] + b"\0"), "other content than was written"),
    ],
)
def test_verify_says_what_is_wrong(tmp_path, damage, message):
    generate(make_images(), make_spec(), out=tmp_path / "set")
    assert verify(tmp_path / "set") == 4
    damage(tmp_path / "set/contrast.npy")
    with pytest.raises(RecordError, match=message):
        verify(tmp_path / "set")


def test_overwrite_takes_away_the_old_set_and_nothing_else(tmp_path):
    write_pictures(tmp_path / "clean")
    images = load_images(f"folder:{tmp_path}/clean", DataOptions())
    out = tmp_path / "set"
    generate(images, make_spec(format="folder"), out=out)
    (out / "notes.txt").write_text("mine")
    (out / "contrast/1/cat/orphan.png").write_bytes(b"of a killed run")
    with pytest.raises(
        RecordError, match="another format; give out= a new folder, or overwrite=True"
    ):
        generate(images, make_spec(), out=out)
    generate(images, make_spec(), out=out, options=GenerationOptions(overwrite=True))
    assert sorted(tree_digest(out)) == [
        "contrast.npy", "gaussian_noise.npy", "labels.npy", "manifest.json", "motion_blur.npy",
        "notes.txt",
    ]  # fmt: skip
    assert not (out / "contrast").exists()


def test_overwrite_takes_away_what_is_unfinished(tmp_path):
    out = tmp_path / "set"
    generate(make_images(), make_spec(["contrast"], [1], format="npz"), out=out)
    for name in ("contrast_1.npz.part", "contrast_1.npz.images.part"):
        (out / name).write_bytes(b"of a killed run")
    options = GenerationOptions(overwrite=True)
    generate(make_images(), make_spec(["contrast"], [1]), out=out, options=options)
    assert sorted(tree_digest(out)) == ["contrast.npy", "labels.npy", "manifest.json"]
