"""The published formats, and the same bytes in every way to get there."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from robustbench_ln.corrupted_sets.folders_writer import encode_jpeg, encode_png
from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.data import DataOptions, load_images
from tests.corrupted_sets.sample_sets import (
    NAMES,
    make_images,
    make_spec,
    tree_digest,
    write_pictures,
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
