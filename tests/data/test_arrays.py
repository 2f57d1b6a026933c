from __future__ import annotations

import hashlib
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.data.image_set import hash_arrays
from robustbench_ln.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3)).astype(np.uint8)
LABELS = np.array([0, 2, 1, 0])


def save(path, **arrays):
    np.savez(path, **arrays)
    return f"arrays:{path}"


def load(source: str):
    return load_images(source, DataOptions())


def test_colour_images_come_back_in_any_order(tmp_path):
    images = load(save(tmp_path / "a b.npz", images=PIXELS, labels=LABELS))
    assert (len(images), images.shape, images.kind) == (4, (5, 6, 3), "arrays")
    assert np.array_equal(images.read([2, 0, 2]), PIXELS[[2, 0, 2]])
    assert images.labels.tolist() == [0, 2, 1, 0]
    assert images.labels.dtype == np.int64
    assert images.image_id(3).startswith("image 3 of arrays:")


def test_grey_images_get_a_channel(tmp_path):
    images = load(save(tmp_path / "a.npz", images=PIXELS[..., 0], labels=LABELS.astype(np.uint8)))
    assert images.shape == (5, 6, 1)
    assert np.array_equal(images.read([1])[..., 0], PIXELS[[1], ..., 0])


def test_the_digest_is_of_pixels_shape_and_labels(tmp_path):
    one = load(save(tmp_path / "1.npz", images=PIXELS, labels=LABELS)).sha256()
    same = load(save(tmp_path / "2.npz", images=PIXELS, labels=LABELS.astype(np.int32))).sha256()
    other = [
        load(save(tmp_path / "3.npz", images=255 - PIXELS, labels=LABELS)).sha256(),
        load(save(tmp_path / "4.npz", images=PIXELS, labels=LABELS[::-1])).sha256(),
        load(save(tmp_path / "5.npz", images=PIXELS.reshape(4, 6, 5, 3), labels=LABELS)).sha256(),
    ]
    assert one == same
    assert len({one, *other}) == 4


def test_the_digest_stays_what_records_have():
    """SHA-256 of the shape as Python writes it, the pixels, and the labels as little-endian int64.

    A digest that changed would make every run directory refuse its own images.
    """
    pixels = np.arange(72, dtype=np.uint8).reshape(2, 3, 4, 3)
    content = b"(2, 3, 4, 3)" + bytes(range(72)) + struct.pack("<2q", 1, 0)
    assert hash_arrays(pixels, np.array([1, 0])) == hashlib.sha256(content).hexdigest()
    assert hash_arrays(pixels[:, ::-1, ::-1][:, ::-1, ::-1], np.array([1, 0], np.int32)) == (
        "dd859743be691bb372a72252b631d4e97bf2d801cd7434fecdcb7a823d983324"
    )


class Touch:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": PIXELS}, r"no array 'labels' \(it has 'images'\).*numpy.savez"),
        ({"x": PIXELS, "labels": LABELS}, "no array 'images'"),
        ({"images": PIXELS / 255, "labels": LABELS}, "images are float64; expected uint8.*round"),
        ({"images": PIXELS.astype(np.uint16), "labels": LABELS}, "images are uint16"),
        ({"images": PIXELS[0, 0], "labels": LABELS}, r"shape \[6, 3\]; expected \[N, H, W, C\]"),
        ({"images": PIXELS[0, 0, 0, 0], "labels": LABELS}, r"shape \[\]; expected \[N, H, W, C\]"),
        ({"images": PIXELS[..., :2], "labels": LABELS}, r"shape \[4, 5, 6, 2\]"),
        ({"images": PIXELS, "labels": LABELS[:3]}, r"labels have shape \[3\]; expected \[4\]"),
        ({"images": PIXELS, "labels": LABELS.astype(float)}, "labels are float64; expected integ"),
        ({"images": PIXELS, "labels": LABELS - 1}, "label -1 is below 0"),
        (
            {"images": PIXELS, "labels": LABELS + 2**20},
            "expected the index of a class, below 1,048",
        ),
        ({"images": PIXELS, "labels": LABELS[:, None]}, r"labels have shape \[4, 1\]"),
        ({"images": PIXELS[:0], "labels": LABELS[:0]}, "no images"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        load(save(tmp_path / "a.npz", **arrays))


def test_files_that_are_something_else_are_refused(tmp_path):
    whole = tmp_path / "whole.npz"
    np.savez(whole, images=PIXELS, labels=LABELS)
    for name, content, message in (
        ("page.npz", b"<!DOCTYPE html><html>Sign in</html>", "a web page saved in place of"),
        ("lfs.npz", b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        ("empty.npz", b"", "empty; expected an .npz archive"),
        ("text.npz", b"hello", "not an .npz archive of plain arrays, or damaged"),
        ("cut.npz", whole.read_bytes()[:200], "or damaged"),
        ("cut2.npz", whole.read_bytes()[:-10], "or damaged"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=message) as caught:
            load(f"arrays:{tmp_path / name}")
        assert name in str(caught.value)
    np.save(tmp_path / "one.npy", PIXELS)
    with pytest.raises(DataError, match="not an .npz archive"):
        load(f"arrays:{tmp_path / 'one.npy'}")
    with pytest.raises(DataError, match="is a folder; expected an .npz with 'images' and 'lab"):
        load(f"arrays:{tmp_path}")
    with pytest.raises(DataError, match="no such file"):
        load(f"arrays:{tmp_path / 'none.npz'}")


def test_a_pickle_in_the_archive_is_not_run(tmp_path):
    trap = np.empty(1, dtype=object)
    trap[0] = Touch(tmp_path / "ran")
    np.savez(tmp_path / "a.npz", images=trap, labels=LABELS[:1])
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Touch(tmp_path / "ran")))
    for name in ("a.npz", "b.npz"):
        with pytest.raises(DataError):
            load(f"arrays:{tmp_path / name}")
    assert not (tmp_path / "ran").exists()


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), is_packed=st.booleans())
def test_a_damaged_archive_is_read_or_refused(tmp_path_factory, place, value, is_packed):
    path = tmp_path_factory.mktemp("damage") / "a.npz"
    (np.savez_compressed if is_packed else np.savez)(path, images=PIXELS, labels=LABELS)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    try:
        images = load(f"arrays:{path}")
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert np.array_equal(images.read(range(4)), PIXELS)  # the archive has check sums
