"""Misspelt corruptions are named, and what they were probably meant to be."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corrupted_sets.reader import open_stored
from robustbench_ln.corrupted_sets.strange_names import describe_unread, strange_names
from tests.corrupted_sets.sample_sets import refused


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gausian_noise", "gaussian_noise"),
        ("Gaussian-Noise", "gaussian_noise"),
        ("jpeg", "jpeg_compression"),
        ("elastic", "elastic_transform"),
        ("FOG", "fog"),
    ],
)
def test_an_array_of_another_name_is_named_with_the_nearest(folder, clean, name, meant):
    (folder / "glass_blur.npy").rename(folder / f"{name}.npy")
    stored = open_stored(f"cifar10-c:{folder}", clean)
    assert stored.notes == (
        f"{folder}: not read, since no published corruption has such a name: '{name}' ('{meant}'?)",
    )
    message = refused(f"cifar10-c:{folder}", clean, names=("glass_blur",))
    assert f"it has fog. {folder}: not read" in message
    (folder / "fog.npy").unlink()
    assert f"as in fog. {stored.notes[0]}" in refused(f"cifar10-c:{folder}", clean)


def test_names_that_are_like_no_corruption_are_named_alone(tmp_path):
    np.save(tmp_path / "xyz.npy", 0)
    np.save(tmp_path / "labels.npy", 0)
    (tmp_path / "qqq" / "3").mkdir(parents=True)
    (tmp_path / "fog" / "3").mkdir(parents=True)
    assert strange_names(tmp_path, ("arrays", "folders")) == ("qqq", "xyz")
    assert strange_names(tmp_path, ("arrays",)) == ("xyz",)
    assert describe_unread(tmp_path, ("xyz",)).endswith("such a name: 'xyz'")
    assert describe_unread(tmp_path, ()) == ""


def test_a_set_of_own_names_is_read_and_slips_are_noted(folder, clean):
    (folder / "glass_blur.npy").rename(folder / "blue_noise_sample.npy")
    assert open_stored(f"corrupted:{folder}", clean).notes == ()
    (folder / "blue_noise_sample.npy").rename(folder / "glas_blur.npy")
    stored = open_stored(f"corrupted:{folder}", clean)
    assert len(stored.images) == 10
    assert "almost published names: 'glas_blur' ('glass_blur'?)" in stored.notes[0]
