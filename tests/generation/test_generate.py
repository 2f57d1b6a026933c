"""The published layouts, the same bytes in every way to get there, and nothing lost."""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError, ImageError, RecordError, SpecError
from robustbench_ln.generation.array_layout import ArrayLayout
from robustbench_ln.generation.generate import GenerationOptions, generate, verify
from robustbench_ln.generation.image_folder import encode_jpeg, encode_png
from robustbench_ln.generation.spec import GenerationSpec
from tests.generation.sample_sets import (
    NAMES,
    make_images,
    make_spec,
    tree_digest,
    write_pictures,
)

MODULE = importlib.import_module("robustbench_ln.generation.generate")


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    """Three CIFAR images a unit, so that a few images are several units."""
    monkeypatch.setattr("robustbench_ln.generation.layout._UNIT_VALUES", 3 * 32 * 32 * 3)


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


@pytest.mark.parametrize("uses_jpeg", [False, True])
def test_folder_opens_in_torchvision(tmp_path, uses_jpeg):
    write_pictures(tmp_path / "clean")
    images = load_images(f"folder:{tmp_path}/clean", DataOptions())
    spec = make_spec(format="folder", uses_jpeg=uses_jpeg)
    generate(images, spec, out=tmp_path / "set")
    suffix = "JPEG" if uses_jpeg else "png"
    for condition in spec.conditions:
        place = tmp_path / f"set/{condition.corruption}/{condition.severity:g}"
        found = ImageFolder(str(place))
        assert found.classes == ["cat", "dog"]
        assert [label for _, label in found.samples] == [0, 0, 0, 1, 1, 1]
        assert (place / f"dog/dog_1.{suffix}").is_file()
        pixels = torch.from_numpy(images.read(range(6)))
        expected = degrade(pixels, condition, seed=0, indices=range(6)).images.numpy()
        shown = np.stack([np.asarray(picture) for picture, _ in found])
        if uses_jpeg:
            expected = np.stack([through_jpeg(picture) for picture in expected])
        assert np.array_equal(shown, expected)
    again = load_images(f"folder:{place}", DataOptions(class_map=tmp_path / "set/class_map.json"))
    assert again.labels.tolist() == images.labels.tolist()


def test_arrays_go_into_folders_by_number(tmp_path):
    generate(make_images(12, channels=1), make_spec(["contrast"], [3], format="folder"),
             out=tmp_path / "set")  # fmt: skip
    files = sorted(p.relative_to(tmp_path / "set/contrast/3").as_posix()
                   for p in (tmp_path / "set/contrast/3").rglob("*.png"))  # fmt: skip
    assert files[:4] == ["0/00.png", "0/03.png", "0/06.png", "0/09.png"]
    with Image.open(tmp_path / "set/contrast/3/0/00.png") as picture:
        assert picture.mode == "L"


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
    write = ArrayLayout.write
    monkeypatch.setattr(
        ArrayLayout, "write", lambda self, unit, x: written.append(unit) or write(self, unit, x)
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


def test_the_manifest_says_what_was_made(tmp_path):
    images = make_images()
    generate(images, make_spec(seed=3), out=tmp_path / "set")
    manifest = json.loads((tmp_path / "set/manifest.json").read_text())
    assert manifest["source_sha256"] == images.sha256()
    assert manifest["spec"]["seed"] == 3
    assert {"robustbench_ln", "torch", "numpy", "pillow"} <= set(manifest["versions"])
    digests = {name: file["sha256"] for name, file in manifest["files"].items()}
    digests["manifest.json"] = tree_digest(tmp_path / "set")["manifest.json"]
    assert digests == tree_digest(tmp_path / "set")


def test_overwrite_takes_away_the_old_set_and_nothing_else(tmp_path):
    write_pictures(tmp_path / "clean")
    images = load_images(f"folder:{tmp_path}/clean", DataOptions())
    out = tmp_path / "set"
    generate(images, make_spec(format="folder"), out=out)
    (out / "notes.txt").write_text("mine")
    (out / "contrast/1/cat/orphan.png").write_bytes(b"of a killed run")
    with pytest.raises(RecordError, match="another format; give --out a new folder, or --over"):
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
    with pytest.raises(DataError, match=r"dog_2.png: not an image, or damaged"):
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
    with pytest.raises(SpecError, match="--workers is 0"):
        generate(make_images(), make_spec(), out=tmp_path, options=GenerationOptions(workers=0))
    with pytest.raises(SpecError, match="--limit is 8; arrays:sample.npz has 7 images"):
        generate(make_images(), make_spec(limit=8), out=tmp_path)


def test_encoders_keep_or_nearly_keep_the_picture():
    smooth = np.linspace(0, 255, 40 * 30 * 3).reshape(40, 30, 3).astype(np.uint8)
    for image in (smooth, smooth[..., :1]):
        for encode, tolerance in ((encode_png, 0), (encode_jpeg, 6)):
            picture = np.asarray(decode(encode(image))).reshape(image.shape)
            assert np.abs(picture.astype(int) - image).max() <= tolerance


def decode(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def through_jpeg(pixels: np.ndarray) -> np.ndarray:
    """As published: Pillow, quality 85."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=85)
    return np.asarray(Image.open(content))
