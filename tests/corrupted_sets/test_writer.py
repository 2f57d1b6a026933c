"""Sets are the same bytes however they are made: by many workers, in pieces, after a stop."""

from __future__ import annotations

import errno
import importlib
import os
from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate, verify
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.errors import ImageError, RecordError, SpecError
from tests.corrupted_sets.sample_sets import (
    NAMES,
    make_images,
    make_spec,
    tree_digest,
)

MODULE = importlib.import_module("robustbench_ln.corrupted_sets.writer")
MAKING = importlib.import_module("robustbench_ln.corrupted_sets.making")


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
        patch.setattr(MAKING, "degrade", stop)
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


@pytest.mark.usefixtures("one_server")
@pytest.mark.parametrize("name", ["npy", "npz", "folder"])
def test_bytes_depend_on_no_number_of_workers(tmp_path, name):
    for workers in (1, 2, 5):
        options = GenerationOptions(workers=workers)
        generate(make_images(), make_spec(format=name), out=tmp_path / str(workers),
                 options=options)  # fmt: skip
    one = tree_digest(tmp_path / "1")
    assert len(one) > len(NAMES)
    assert tree_digest(tmp_path / "2") == one
    assert tree_digest(tmp_path / "5") == one


def test_limit_takes_the_first_images_with_the_same_draws(tmp_path):
    generate(make_images(), make_spec(), out=tmp_path / "all")
    generate(make_images(), make_spec(limit=4), out=tmp_path / "four")
    whole = np.load(tmp_path / "all/gaussian_noise.npy").reshape(2, 7, 32, 32, 3)
    few = np.load(tmp_path / "four/gaussian_noise.npy").reshape(2, 4, 32, 32, 3)
    assert np.array_equal(few, whole[:, :4])


def test_another_seed_is_another_set(tmp_path):
    generate(make_images(), make_spec(), out=tmp_path / "zero")
    generate(make_images(), make_spec(seed=1), out=tmp_path / "one")
    zero, one = tree_digest(tmp_path / "zero"), tree_digest(tmp_path / "one")
    assert zero["gaussian_noise.npy"] != one["gaussian_noise.npy"]
    assert zero["contrast.npy"] == one["contrast.npy"]


def test_too_little_disk_is_said_before_it_starts(tmp_path, monkeypatch):
    class Usage:
        free = 10_000

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    with pytest.raises(RecordError, match=r"about 0\.00 GB are to be written, 0\.00 GB are free"):
        generate(make_images(), make_spec(), out=tmp_path / "set")


def test_images_that_a_corruption_refuses_leave_no_set(tmp_path):
    with pytest.raises(ImageError, match="saturate cannot change grey images"):
        generate(make_images(channels=1), make_spec(["contrast", "saturate"]), out=tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_counts_out_of_range_are_refused(tmp_path):
    with pytest.raises(SpecError, match="workers= is 0"):
        generate(make_images(), make_spec(), out=tmp_path, options=GenerationOptions(workers=0))
    with pytest.raises(SpecError, match="limit= is 8; arrays:sample.npz has 7 images"):
        generate(make_images(), make_spec(limit=8), out=tmp_path)
