"""The format of CIFAR-10-C: an array for each corruption, one severity after another."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_ln.corrupted_sets.arrays_writer import ArrayFormat
from robustbench_ln.corrupted_sets.writer import generate
from robustbench_ln.corruptions.degrade import degrade
from tests.corrupted_sets.sample_sets import (
    make_images,
    make_spec,
    tree_digest,
)


def test_npy_is_severity_major_and_opens_in_plain_numpy(tmp_path):
    images, spec = make_images(), make_spec()
    generate(images, spec, out=tmp_path / "set")
    labels = np.load(tmp_path / "set/labels.npy")
    assert labels.dtype == np.uint8
    assert labels.tolist() == images.labels.tolist() * 2
    for condition in spec.conditions:
        array = np.load(tmp_path / f"set/{condition.corruption}.npy", mmap_mode="r")
        assert (array.shape, array.dtype) == ((14, 32, 32, 3), np.uint8)
        first = 0 if condition.severity == 1 else 7
        pixels = torch.from_numpy(images.pixels)
        expected = degrade(pixels, condition, seed=0, indices=range(7)).images.numpy()
        assert np.array_equal(array[first : first + 7], expected)


def test_many_classes_have_wider_labels(tmp_path):
    images = make_images(3)
    images.labels[:] = [0, 300, 7]
    generate(images, make_spec(["contrast"], [2]), out=tmp_path / "set")
    labels = np.load(tmp_path / "set/labels.npy")
    assert (labels.dtype, labels.tolist()) == (np.uint16, [0, 300, 7])


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
