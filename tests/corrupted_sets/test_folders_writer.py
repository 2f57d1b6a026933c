"""The format of ImageNet-C: a folder of pictures for each condition."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from robustbench_ln.corrupted_sets.folders_writer import encode_jpeg, encode_png
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError
from tests.corrupted_sets.sample_sets import (
    make_images,
    make_spec,
    write_pictures,
)


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
