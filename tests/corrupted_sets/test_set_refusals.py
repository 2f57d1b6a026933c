"""What is refused before or while a set is made, and what is left then."""

from __future__ import annotations

import pytest
from PIL import Image

from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError, ImageError, RecordError, SpecError
from tests.corrupted_sets.sample_sets import (
    make_images,
    make_spec,
    tree_digest,
    write_pictures,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "another seed"),
        ({"limit": 3}, "another limit"),
        ({"severities": (1,)}, "another conditions"),
    ],
)
def test_another_specification_is_refused(tmp_path, change, message):
    generate(make_images(), make_spec(), out=tmp_path / "set")
    before = tree_digest(tmp_path / "set")
    with pytest.raises(RecordError, match=message):
        generate(make_images(), make_spec(**change), out=tmp_path / "set")
    assert tree_digest(tmp_path / "set") == before


def test_other_images_are_refused(tmp_path):
    generate(make_images(), make_spec(), out=tmp_path / "set")
    other = make_images()
    other.pixels[0, 0, 0, 0] ^= 1
    with pytest.raises(RecordError, match="another source_sha256"):
        generate(other, make_spec(), out=tmp_path / "set")


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


def test_an_unreadable_picture_is_named_and_the_rest_is_kept(tmp_path):
    write_pictures(tmp_path / "clean")
    good = (tmp_path / "clean/dog/dog_2.png").read_bytes()
    (tmp_path / "clean/dog/dog_2.png").write_bytes(good[:200])
    images = load_images(f"folder:{tmp_path}/clean", DataOptions())
    with pytest.raises(DataError, match=r"dog_2.png: not an image .*, or damaged"):
        generate(images, make_spec(format="folder"), out=tmp_path / "set",
                 options=GenerationOptions(workers=1))  # fmt: skip
    assert (tmp_path / "set/contrast/1/cat/cat_0.png").is_file()


def test_pictures_that_would_get_one_name_are_refused(tmp_path):
    write_pictures(tmp_path / "clean")
    with Image.open(tmp_path / "clean/cat/cat_0.png") as picture:
        picture.save(tmp_path / "clean/cat/cat_0.bmp")
    images = load_images(f"folder:{tmp_path}/clean", DataOptions())
    with pytest.raises(DataError, match=r"would both become 'cat/cat_0.png'; rename one"):
        generate(images, make_spec(format="folder"), out=tmp_path / "set")


def test_counts_out_of_range_are_refused(tmp_path):
    with pytest.raises(SpecError, match="workers= is 0"):
        generate(make_images(), make_spec(), out=tmp_path, options=GenerationOptions(workers=0))
    with pytest.raises(SpecError, match="limit= is 8; arrays:sample.npz has 7 images"):
        generate(make_images(), make_spec(limit=8), out=tmp_path)
