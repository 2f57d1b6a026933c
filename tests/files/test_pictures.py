from __future__ import annotations

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from robustbench_ln.errors import DataError
from robustbench_ln.files import pictures
from robustbench_ln.files.pictures import INTERPOLATIONS, MAX_PIXELS, Framing, read_picture
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


def test_grey_is_luma_and_keeps_grey_levels(tmp_path):
    image = picture(8, 8)
    image.save(tmp_path / "a.png")
    grey = read_picture(tmp_path / "a.png", Framing(is_grey=True))
    assert grey.shape == (8, 8, 1)
    luma = np.asarray(image).astype(float) @ (0.299, 0.587, 0.114)
    assert np.abs(grey[..., 0] - luma).max() <= 0.51
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "b.png")
    kept = read_picture(tmp_path / "b.png", Framing(is_grey=True))
    np.testing.assert_array_equal(kept[..., 0], levels)


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
    with pytest.raises(DataError, match=f"a.{ending}: not an image .*, or damaged"):
        read_picture(path, AS_IS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", r"a.png: not an image \(JPEG, PNG, BMP, WEBP, TIFF or PPM\), or damaged"),
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


OTHER_FORMATS = ["GIF", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "DDS", "EPS", "PDF", "MSP"]


@pytest.mark.parametrize("name", OTHER_FORMATS)
@pytest.mark.parametrize("ending", ["png", "jpg", "pgm"])
def test_other_formats_are_no_pictures_whatever_their_name(tmp_path, name, ending):
    path = tmp_path / f"a.{ending}"
    picture().convert("1" if name == "MSP" else "RGB").save(path, format=name)
    with pytest.raises(DataError, match="not an image .JPEG, PNG, BMP, WEBP, TIFF or PPM"):
        read_picture(path, AS_IS)


@pytest.mark.parametrize("name", pictures.FORMATS)
def test_the_content_decides_and_not_the_name(tmp_path, name):
    path = tmp_path / "a.anything"
    picture().save(path, format=name)
    assert read_picture(path, AS_IS).shape == (*np.asarray(picture()).shape[:2], 3)


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header says its size and whose rows are not there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((8192, 8193), "has 8193x8192 = 67,117,056 pixels, more than the 67,108,864 pixels that"),
        ((9500, 9500), "has 9500x9500 = 90,250,000 pixels, more than the 67,108,864"),
        ((14000, 14000), "has more than the 67,108,864 pixels that are decoded; scale it down"),
        ((2**31 - 1, 2**31 - 1), "has more than the 67,108,864 pixels that are decoded"),
    ],
)
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(tmp_path, size, message):
    """In silence: Pillow would warn from 89 million on."""
    (tmp_path / "a.png").write_bytes(png_of(*size))
    with pytest.raises(DataError, match=message):
        read_picture(tmp_path / "a.png", AS_IS)


def test_the_limit_itself_is_decoded(tmp_path, monkeypatch):
    assert MAX_PIXELS == 8192 * 8192
    monkeypatch.setattr(pictures, "MAX_PIXELS", 48)
    picture(6, 8).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", AS_IS).shape == (6, 8, 3)
    picture(7, 7).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="a.png: has 7x7 = 49 pixels"):
        read_picture(tmp_path / "a.png", AS_IS)


def test_large_pictures_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_LARGE_PIXELS", 48)
    for name, size in (("small", (6, 8)), ("large", (7, 8))):
        picture(*size).save(tmp_path / f"{name}.png")
        with pictures.open_picture(tmp_path / f"{name}.png"):
            assert pictures._ONE_LARGE_PICTURE.locked() == (name == "large")
    assert not pictures._ONE_LARGE_PICTURE.locked()


@pytest.mark.parametrize("name", ["TIFF", "PNG", "WEBP"])
def test_the_first_of_several_frames_is_read(tmp_path, name):
    first, second = picture(), Image.new("RGB", picture().size, "red")
    options = {"lossless": True} if name == "WEBP" else {}
    first.save(tmp_path / "a.png", format=name, save_all=True, append_images=[second], **options)
    with Image.open(tmp_path / "a.png") as image:
        assert image.n_frames == 2
    assert np.array_equal(read_picture(tmp_path / "a.png", AS_IS), np.asarray(first))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a.png: cannot be read \(not a regular file\); check"):
        read_picture(tmp_path / "a.png", AS_IS)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    head=st.sampled_from(
        [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xc5\xd0\xd3\xc6", b"GIF89a", b"BM", b"P6 "]
    ),
    body=st.binary(max_size=120),
    ending=st.sampled_from(sorted(pictures.SUFFIXES)),
)
def test_no_head_starts_another_program(tmp_path_factory, head, body, ending):
    path = tmp_path_factory.getbasetemp() / f"head{ending}"
    path.write_bytes(head + body)
    try:
        with pictures.open_picture(path) as image:
            assert image.format in pictures.FORMATS
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
