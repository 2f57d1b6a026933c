"""An archive of images and labels for each condition."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corrupted_sets.writer import generate
from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data import DataOptions, load_images
from tests.corrupted_sets.sample_sets import (
    make_images,
)


@pytest.mark.parametrize("pixel_range", ["clip", "rescale", "none"])
def test_npz_keeps_what_the_convention_keeps(tmp_path, pixel_range):
    images = make_images()
    conditions = noise_conditions(
        ["agn"], convention="released", pixel_range=pixel_range, sigmas=[0.5]
    )[1:]
    generate(images, GenerationSpec(conditions=conditions, format="npz"), out=tmp_path / "set")
    with np.load(tmp_path / "set/agn_0.5.npz") as archive:
        noisy, labels = archive["images"], archive["labels"]
    assert labels.tolist() == images.labels.tolist()
    assert noisy.dtype == (np.uint8 if pixel_range == "clip" else np.float32)
    if pixel_range == "rescale":  # each channel spans what the clean set spans
        clean = images.pixels / np.float32(255)
        assert noisy.min((0, 1, 2)) == pytest.approx(clean.min((0, 1, 2)), abs=1e-6)
        assert noisy.max((0, 1, 2)) == pytest.approx(clean.max((0, 1, 2)), abs=1e-6)
    if pixel_range == "none":
        assert noisy.max() > 1
    if pixel_range == "clip":
        found = load_images(f"arrays:{tmp_path}/set/agn_0.5.npz", DataOptions())
        assert np.array_equal(found.read(range(7)), noisy)


def test_an_archive_has_no_clock_and_no_compression(tmp_path):
    images, conditions = make_images(2), noise_conditions(["agn"], sigmas=[0.5])
    generate(images, GenerationSpec(conditions=conditions, format="npz"), out=tmp_path / "set")
    with zipfile.ZipFile(tmp_path / "set/agn_0.5.npz") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["images.npy", "labels.npy"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert not list((tmp_path / "set").glob("*.part"))
