from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from robustbench_ln.errors import DataError
from robustbench_ln.files.pictures import INTERPOLATIONS, Framing, read_picture
from tests.data.pictures import picture

AS_IS = Framing()


def saved(image: Image.Image, path, **options):
    image.save(path, **options)
    return read_picture(path, AS_IS)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "CMYK", "LA", "RGBA"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    image = picture(8, 8).convert(mode)
    ending = "tif" if mode == "CMYK" else "png"
    assert np.array_equal(saved(image, tmp_path / f"a.{ending}"), np.asarray(image.convert("RGB")))


def test_cmyk_jpegs_become_rgb(tmp_path):
    image = Image.new("RGB", (16, 16), (200, 30, 90)).convert("CMYK")
    difference = saved(image, tmp_path / "a.jpg", quality=100).astype(int) - (200, 30, 90)
    assert np.abs(difference).max() <= 3  # JPEG rounds; inverted channels would be off by 100


def test_transparent_pixels_keep_their_colour(tmp_path):
    colour = np.asarray(picture(8, 8))
    clear = np.concatenate([colour, np.zeros((8, 8, 1), np.uint8)], axis=2)
    assert np.array_equal(saved(Image.fromarray(clear), tmp_path / "a.png"), colour)
    palette = picture(8, 8).convert("P")
    expected = np.asarray(palette.convert("RGB"))
    for transparency in (7, bytes(range(200))):
        pixels = saved(palette, tmp_path / "p.png", transparency=transparency)
        assert np.array_equal(pixels, expected)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda x: x),
        (2, lambda x: x[:, ::-1]),
        (3, lambda x: x[::-1, ::-1]),
        (4, lambda x: x[::-1]),
        (5, lambda x: x.swapaxes(0, 1)),
        (6, lambda x: np.rot90(x, k=-1)),
        (7, lambda x: x[::-1, ::-1].swapaxes(0, 1)),
        (8, np.rot90),
    ],
)
def test_exif_turns_the_picture_upright(tmp_path, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(
        saved(picture(), tmp_path / "a.png", exif=exif), turn(np.asarray(picture()))
    )


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("a.png", 1),
        ("a.tif", 1),
        ("a.pgm", 1),
        ("a.png", 3),
        ("a.tif", 3),
        ("a.ppm", 3),
        ("a.png", 4),
    ],
)
def test_sixteen_bits_are_refused_by_name(tmp_path, name, channels):
    deep = np.arange(64, dtype=np.uint16).reshape(4, 4, 4)[..., :channels]
    cv2.imwrite(str(tmp_path / name), deep)
    with pytest.raises(DataError, match=rf"{name}: has mode .*; expected grey or colour of 8 bits"):
        read_picture(tmp_path / name, AS_IS)
    cv2.imwrite(str(tmp_path / name), deep.astype(np.uint8))
    assert read_picture(tmp_path / name, AS_IS).shape == (4, 4, 3)


def test_floats_and_integers_are_refused(tmp_path):
    for dtype in (np.float32, np.int32):
        Image.fromarray(np.zeros((4, 4), dtype)).save(tmp_path / "a.tif")
        with pytest.raises(DataError, match="a.tif: has mode [FI]; expected"):
            read_picture(tmp_path / "a.tif", AS_IS)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(3, 40),
    width=st.integers(3, 40),
    resize=st.none() | st.integers(3, 40),
    interpolation=st.sampled_from(sorted(INTERPOLATIONS)),
    data=st.data(),
)
def test_framing_is_torchvisions(tmp_path_factory, height, width, resize, interpolation, data):
    shorter = resize or min(height, width)
    crop = data.draw(st.none() | st.integers(1, shorter))
    path = tmp_path_factory.getbasetemp() / "framed.bmp"
    picture(height, width).save(path)
    framing = Framing(
        resize=resize, crop=crop, interpolation=interpolation if resize is not None else None
    )
    steps = []
    if resize is not None:
        steps.append(transforms.Resize(resize, InterpolationMode(interpolation)))
    if crop is not None:
        steps.append(transforms.CenterCrop(crop))
    expected = np.asarray(transforms.Compose(steps)(picture(height, width)))
    assert np.array_equal(read_picture(path, framing), expected)


def test_resizing_is_bilinear_unless_named(tmp_path):
    picture(20, 30).save(tmp_path / "a.png")
    named = {
        name: read_picture(tmp_path / "a.png", Framing(resize=9, interpolation=name)).tobytes()
        for name in INTERPOLATIONS
    }
    plain = read_picture(tmp_path / "a.png", Framing(resize=9)).tobytes()
    assert [name for name in named if named[name] == plain] == ["bilinear"]


def test_a_crop_larger_than_the_picture_is_refused(tmp_path):
    picture().save(tmp_path / "a.png")
    with pytest.raises(DataError, match="a.png is 6x8, smaller than crop=7; add resize="):
        read_picture(tmp_path / "a.png", Framing(crop=7))


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "webp", "tif", "ppm"])
def test_truncated_pictures_are_named(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    picture(40, 40).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=f"a.{ending}: not an image, or damaged"):
        read_picture(path, AS_IS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "a.png: not an image, or damaged"),
        (b"<html></html>", "a.png: a web page saved in place of an image"),
        (b"", "a.png: empty; expected an image"),
        (b"version https://git-lfs.github.com/spec/v1", "a.png: a Git LFS pointer"),
    ],
)
def test_files_that_are_no_pictures_are_named(tmp_path, content, message):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_picture(tmp_path / "a.png", AS_IS)


@settings(max_examples=150, deadline=None)
@given(
    ending=st.sampled_from(["png", "jpg", "bmp", "webp"]),
    places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_damaged_picture_is_read_or_refused(tmp_path_factory, ending, places):
    path = tmp_path_factory.getbasetemp() / f"damaged.{ending}"
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(16, 16).save(path, **({} if ending == "bmp" else {"exif": exif}))
    content = bytearray(path.read_bytes())
    for place, value in places:
        content[place % min(len(content), 400)] = value
    path.write_bytes(content)
    try:
        pixels = read_picture(path, AS_IS)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
