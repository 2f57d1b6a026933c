"""CIFAR's python batches, in the published format."""

from __future__ import annotations

import pickle
import struct
import sys

import numpy as np
import pytest

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError
from tests.data.archives import Touch
from tests.data.published import LABELS, ROWS, load, write_cifar


@pytest.mark.parametrize(("inner", "protocol"), [("", 2), ("cifar-10-batches-py", 4)])
def test_cifar10_planes_become_pixels(tmp_path, inner, protocol):
    write_cifar(tmp_path / inner, protocol=protocol)
    (tmp_path / inner / "batches.meta").write_bytes(
        pickle.dumps({b"label_names": [b"airplane", b"car"]}, protocol=2)
    )
    images = load(f"cifar10:{tmp_path}")
    assert images.shape == (32, 32, 3)
    assert images.labels.tolist() == LABELS
    assert images.class_names == ("airplane", "car")
    pixels = images.read([2])[0]
    for channel in range(3):
        for y, x in ((0, 0), (0, 31), (7, 3), (31, 31)):
            assert pixels[y, x, channel] == ROWS[2, channel * 1024 + y * 32 + x]


def test_cifar100_takes_the_fine_labels(tmp_path):
    write_cifar(tmp_path, "test", b"fine_labels", coarse_labels=[0] * 5)
    assert load(f"cifar100:{tmp_path}").labels.tolist() == LABELS


def test_cifar_has_a_training_part(tmp_path):
    write_cifar(tmp_path)
    train = DataOptions(part="train")
    with pytest.raises(DataError, match="no 'data_batch_1' and no 'cifar-10-batches-py/data_bat"):
        load_images(f"cifar10:{tmp_path}", train)
    for number in range(1, 6):
        write_cifar(tmp_path, f"data_batch_{number}", data=ROWS + number, labels=[number] * 5)
    images = load_images(f"cifar10:{tmp_path}", train)
    assert images.labels.tolist() == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5 + [5] * 5
    assert images.read([20])[0, 0, 1, 0] == ROWS[0, 1] + np.uint8(5)
    assert load(f"cifar10:{tmp_path}").labels.tolist() == LABELS
    (tmp_path / "data_batch_4").unlink()
    with pytest.raises(DataError, match="no 'data_batch_4'"):
        load_images(f"cifar10:{tmp_path}", train)
    write_cifar(tmp_path, "train", b"fine_labels")
    assert load_images(f"cifar100:{tmp_path}", train).labels.tolist() == LABELS


def string(text: bytes) -> bytes:
    return b"T" + struct.pack("<I", len(text)) + text  # BINSTRING: Python 2's str


def test_batches_as_python_2_wrote_them(tmp_path):
    """The published files: byte strings as BINSTRING, and NumPy 1's name for its function."""
    data = np.arange(2 * 3072).astype(np.uint8)
    dtype = b"cnumpy\ndtype\n" + string(b"u1") + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + string(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
    array += string(b"b") + b"\x87R(K\x01K\x02M\x00\x0c\x86" + dtype + b"\x89"
    array += string(data.tobytes()) + b"tb"
    labels = b"]K\x07aK\x02a"
    content = b"\x80\x02}" + string(b"data") + array + b"s" + string(b"labels") + labels + b"s."
    (tmp_path / "test_batch").write_bytes(content)
    images = load(f"cifar10:{tmp_path}")
    assert images.labels.tolist() == [7, 2]
    assert np.array_equal(images.read([1])[0, ..., 2].ravel(), data[3072 + 2048 :])


def test_code_in_a_batch_is_named_and_not_run(tmp_path):
    trap = pickle.dumps({b"data": Touch(tmp_path / "ran")})
    (tmp_path / "test_batch").write_bytes(trap)
    with pytest.raises(
        DataError, match=r"test_batch: refused, since reading it would run '_?io.open'.*only arrays"
    ):
        load(f"cifar10:{tmp_path}")
    write_cifar(tmp_path)
    (tmp_path / "batches.meta").write_bytes(trap)
    with pytest.raises(DataError, match=r"batches.meta: refused, since reading it would run"):
        load(f"cifar10:{tmp_path}")
    assert not (tmp_path / "ran").exists()


def test_a_codec_named_by_a_batch_is_not_looked_up(tmp_path):
    """What looks a codec up imports the module of that name."""
    (tmp_path / "test_batch").write_bytes(
        b"\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x06\0\0\0cp1006\x86R."
    )
    with pytest.raises(DataError, match="test_batch: not a CIFAR batch"):
        load(f"cifar10:{tmp_path}")
    assert "encodings.cp1006" not in sys.modules


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": b"x"}, r"'data' is not a uint8 array \[N, 3072\]"),
        ({"data": ROWS.astype(float)}, "'data' is not a uint8 array"),
        ({"data": ROWS[:, :100]}, "'data' is not a uint8 array"),
        ({"labels": [1, 2]}, r"labels have shape \[2\]; expected \[5\]"),
        ({"labels": None}, "'labels' is not a list of numbers"),
        ({"labels": [[1], [1, 2], 3, 4, 5]}, "'labels' is not a list of numbers"),
        ({"labels": [0, 1, 10, 3, 4]}, r"test_batch: its 'labels' has a 10; expected 0..9"),
        ({"labels": [0, 1, -1, 3, 4]}, "has a -1"),
        ({"data": ROWS[:0], "labels": []}, "no images"),
    ],
)
def test_wrong_batches_are_refused(tmp_path, changes, message):
    write_cifar(tmp_path, **changes)
    with pytest.raises(DataError, match=message):
        load(f"cifar10:{tmp_path}")


def test_wrong_names_are_refused(tmp_path):
    write_cifar(tmp_path)
    for names in (3, [1], None):
        (tmp_path / "batches.meta").write_bytes(pickle.dumps({b"label_names": names}))
        with pytest.raises(
            DataError, match="batches.meta: its 'label_names' is not a list of names"
        ):
            load(f"cifar10:{tmp_path}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html><body>404</body></html>", "a web page"),
        (b"", "empty"),
        (pickle.dumps([1, 2]), "not a CIFAR batch"),
        (b"\x80\x02}q\x01", "damaged"),
    ],
)
def test_damaged_batches_are_refused(tmp_path, content, message):
    (tmp_path / "test_batch").write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(f"cifar10:{tmp_path}")
    with pytest.raises(DataError, match="expected the folder of the published python batches"):
        load(f"cifar100:{tmp_path}")
