"""The folder of a set: what is taken away with the old set, and what is not."""

from __future__ import annotations

import pytest

from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import RecordError
from tests.corrupted_sets.sample_sets import (
    make_images,
    make_spec,
    tree_digest,
    write_pictures,
)


def test_overwrite_takes_away_the_old_set_and_nothing_else(tmp_path):
    write_pictures(tmp_path / "clean")
    images = load_images(f"folder:{tmp_path}/clean", DataOptions())
    out = tmp_path / "set"
    generate(images, make_spec(format="folder"), out=out)
    (out / "notes.txt").write_text("mine")
    (out / "contrast/1/cat/orphan.png").write_bytes(b"of a killed run")
    with pytest.raises(
        RecordError,
        match="differs in format from what is asked for; give out= a new folder, or overwrite=True",
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
