"""Whatever bytes a file of images has: a DataError of one line that names it, or images.

MATLAB files are cut short but not altered: SciPy's reader ends the process on some altered bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat

from robustbench_ln.data import DataOptions, Framing, load_images
from robustbench_ln.errors import DataError
from tests.fuzz.effort import properties

few = properties("data")
ROWS = np.random.default_rng(0).integers(0, 256, (3, 3072)).astype(np.uint8)
LABELS = np.array([1, 2, 3])


def _npz(save) -> bytes:
    buffer = io.BytesIO()
    save(buffer, images=ROWS[:, :48].reshape(3, 4, 4, 3), labels=LABELS)
    return buffer.getvalue()


def _picture(file_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(ROWS[0, :480].reshape(16, 10, 3)).save(buffer, file_format, **options)
    return buffer.getvalue()


def _mat(is_compressed: bool) -> bytes:
    buffer = io.BytesIO()
    rows = np.array([("1.png", 1), ("1.png", 2)], dtype=[("fname", "O"), ("class", "O")])
    savemat(buffer, {"annotations": rows}, do_compression=is_compressed)
    return buffer.getvalue()


IDX = struct.pack(">HBB3I", 0, 8, 3, 3, 4, 4) + ROWS[:, :16].tobytes()
BATCH = {b"data": ROWS, b"labels": LABELS.tolist()}
FORMATS = {
    "npz": ("arrays:x.npz", "x.npz", _npz(np.savez)),
    "npz deflated": ("arrays:x.npz", "x.npz", _npz(np.savez_compressed)),
    "batch": ("cifar10:x", "x/test_batch", pickle.dumps(BATCH, protocol=2)),
    "idx": ("mnist:x", "x/t10k-images-idx3-ubyte", IDX),
    "idx gz": ("mnist:x", "x/t10k-images-idx3-ubyte.gz", gzip.compress(IDX, mtime=0)),
    "png": ("folder:x", "x/class/1.png", _picture("PNG")),
    "jpeg": ("folder:x", "x/class/1.jpg", _picture("JPEG")),
    "tiff": ("folder:x", "x/class/1.tif", _picture("TIFF")),
    "bmp": ("folder:x", "x/class/1.bmp", _picture("BMP")),
    "webp": ("folder:x", "x/class/1.webp", _picture("WEBP")),
    "ppm": ("folder:x", "x/class/1.ppm", _picture("PPM")),
}
formats = st.sampled_from(sorted(FORMATS))


def read_or_refuse(tmp_path: Path, kind: str, content: bytes) -> np.ndarray | None:
    """Return the pixels; None where they were refused properly."""
    source, name, _ = FORMATS[kind]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if kind.startswith("idx"):
        labels = struct.pack(">HBBI3B", 0, 8, 1, 3, 1, 2, 3)
        (path.parent / "t10k-labels-idx1-ubyte").write_bytes(labels)
    framing = Framing(resize=8, crop=8) if source == "folder:x" else Framing()
    word, _, place = source.partition(":")
    try:
        images = load_images(f"{word}:{tmp_path / place}", DataOptions(framing=framing))
        pixels = images.read(range(len(images)))
    except DataError as error:
        message = str(error)
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape == (len(images), *images.shape)
        return pixels
    assert message.isprintable()
    assert str(tmp_path) in message
    return None


@pytest.fixture(params=sorted(FORMATS))
def kind(request, tmp_path) -> str:
    """Each format, whole, is read: or nothing below would show anything."""
    assert read_or_refuse(tmp_path, request.param, FORMATS[request.param][2]) is not None
    return request.param


def test_files_cut_short_are_refused(tmp_path, kind):
    """All but the last bytes, which some formats do not need."""
    good = FORMATS[kind][2]
    for length in {*range(40), *range(40, len(good) - 30, 1 + len(good) // 60)}:
        assert read_or_refuse(tmp_path, kind, good[:length]) is None, length


@few
@given(kind=formats, place=st.floats(0, 1, exclude_max=True), garbage=st.binary(min_size=1))
def test_damaged_bytes(tmp_path, kind, place, garbage):
    good = FORMATS[kind][2]
    start = int(place * len(good))
    read_or_refuse(tmp_path, kind, good[:start] + garbage + good[start + len(garbage) :])


@few
@given(kind=formats, start=st.integers(0, 200), garbage=st.binary(min_size=1, max_size=8))
def test_damaged_heads(tmp_path, kind, start, garbage):
    good = FORMATS[kind][2]
    read_or_refuse(tmp_path, kind, good[:start] + garbage + good[start:])


@few
@given(kind=formats, content=st.binary(max_size=300))
def test_random_bytes(tmp_path, kind, content):
    assert read_or_refuse(tmp_path, kind, content) is None


@pytest.mark.parametrize("is_compressed", [False, True])
def test_annotations_cut_short_are_refused(tmp_path, is_compressed):
    good = _mat(is_compressed)
    savemat(tmp_path / "cars_meta.mat", {"class_names": np.array(["a", "b"], dtype=object)})
    (tmp_path / "devkit").mkdir()
    (tmp_path / "cars_meta.mat").rename(tmp_path / "devkit" / "cars_meta.mat")
    for length in range(0, len(good) - 8, 3):
        (tmp_path / "cars_test_annos_withlabels.mat").write_bytes(good[:length])
        with pytest.raises(DataError, match=r"withlabels.mat: (not a MATLAB file|empty|no var)"):
            load_images(f"cars:{tmp_path}", DataOptions())


CONTROL = "a\nb\x1b[2J"


def test_names_inside_files_do_not_reach_the_terminal_raw(tmp_path):
    archive = io.BytesIO()
    np.savez(archive, **{CONTROL: LABELS})
    assert read_or_refuse(tmp_path, "npz", archive.getvalue()) is None
    call = b"\x80\x04\x8c\x02os" + b"\x8c" + bytes([len(CONTROL)]) + CONTROL.encode() + b"\x93."
    assert read_or_refuse(tmp_path, "batch", call) is None
    (tmp_path / "map.json").write_text(json.dumps({CONTROL: -1}))
    read_or_refuse(tmp_path, "png", FORMATS["png"][2])
    options = DataOptions(class_map=tmp_path / "map.json")
    with pytest.raises(DataError, match=r"map.json: 'a\\nb\\x1b\[2J' has class -1"):
        load_images(f"folder:{tmp_path / 'x'}", options)
