"""Images in memory: their digest, and arrays that are no labelled images."""

from __future__ import annotations

import hashlib
import re
import struct
from pathlib import Path

import numpy as np

from robustbench_ln.data.image_set import ImageShape, hash_arrays
from tests.data.archives import LABELS, PIXELS, load, save

PACKAGE = Path(__file__).parents[2] / "robustbench_ln"


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


def test_a_shape_is_unpacked_in_one_place() -> None:
    shape = ImageShape.of(np.zeros((5, 28, 32, 3), dtype=np.uint8))
    assert shape == (28, 32, 3) == ImageShape.from_input((3, 28, 32))
    assert (shape.as_input, shape.size) == ((3, 28, 32), "28x32")
    assert (shape.smaller_side, shape.num_values) == (28, 28 * 32 * 3)
    by_hand = re.compile(r"height, width, \w+ =|channels, height, width =|images\.shape\[[:\d]")
    strays = [
        path.name
        for room in ("cli", "corrupted_sets", "data", "evaluation", "training")
        for path in (PACKAGE / room).rglob("*.py")
        if by_hand.search(path.read_text())
    ]
    assert strays == ["image_set.py"]
