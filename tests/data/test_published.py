"""CIFAR's python batches and MNIST's IDX files, in the published formats."""

from __future__ import annotations

import gzip
import pickle
import re
import struct
import sys
from http.client import BadStatusLine
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.data.download import DOWNLOADS
from robustbench_ln.errors import DataError
from tests.data.test_arrays import Touch

ROWS = np.random.default_rng(0).integers(0, 256, (5, 3072)).astype(np.uint8)
LABELS = [3, 1, 4, 1, 5]


def load(source: str):
    return load_images(source, DataOptions())


def write_cifar(folder, name="test_batch", key=b"labels", protocol=4, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    batch = {b"data": ROWS, key: LABELS, b"batch_label": b"testing batch"}
    batch |= {k.encode(): v for k, v in changes.items()}
    (folder / name).write_bytes(pickle.dumps(batch, protocol=protocol))


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
    with pytest.raises(DataError, match=r"test_batch: wants to run '_?io.open'.*It was not run"):
        load(f"cifar10:{tmp_path}")
    write_cifar(tmp_path)
    (tmp_path / "batches.meta").write_bytes(trap)
    with pytest.raises(DataError, match=r"batches.meta: wants to run"):
        load(f"cifar10:{tmp_path}")
    assert not (tmp_path / "ran").exists()


def test_a_codec_named_by_a_batch_is_not_looked_up(tmp_path):
    """What looks a codec up imports the module of that name."""
    (tmp_path / "test_batch").write_bytes(
        b"\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x06\0\0\0cp1006\x86R."
    )
    with pytest.raises(DataError, match="test_batch: not a batch of CIFAR"):
        load(f"cifar10:{tmp_path}")
    assert "encodings.cp1006" not in sys.modules


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": b"x"}, r"'data' is no uint8 array \[N, 3072\]"),
        ({"data": ROWS.astype(float)}, "'data' is no uint8 array"),
        ({"data": ROWS[:, :100]}, "'data' is no uint8 array"),
        ({"labels": [1, 2]}, r"labels have shape \[2\]; expected \[5\]"),
        ({"labels": None}, "'labels' is no list of numbers"),
        ({"labels": [[1], [1, 2], 3, 4, 5]}, "'labels' is no list of numbers"),
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
        with pytest.raises(DataError, match="batches.meta: its 'label_names' is no list of names"):
            load(f"cifar10:{tmp_path}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html><body>404</body></html>", "a web page"),
        (b"", "empty"),
        (pickle.dumps([1, 2]), "not a batch of CIFAR"),
        (b"\x80\x02}q\x01", "damaged"),
    ],
)
def test_damaged_batches_are_refused(tmp_path, content, message):
    (tmp_path / "test_batch").write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(f"cifar10:{tmp_path}")
    with pytest.raises(DataError, match="expected the folder of the published python batches"):
        load(f"cifar100:{tmp_path}")


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_idx(folder, pixels, ending=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("images-idx3", pixels), ("labels-idx1", np.array(LABELS))):
        content = idx(array)
        path = folder / f"t10k-{name}-ubyte{ending}"
        path.write_bytes(gzip.compress(content) if ending else content)


@pytest.mark.parametrize(("inner", "ending"), [("", ""), ("MNIST/raw", ".gz"), ("raw", "")])
def test_mnist_in_its_usual_places(tmp_path, inner, ending):
    pixels = np.arange(5 * 4 * 6).reshape(5, 4, 6)
    write_idx(tmp_path / inner, pixels, ending)
    images = load(f"mnist:{tmp_path}")
    assert (images.kind, images.shape) == ("mnist", (4, 6, 1))
    assert np.array_equal(images.read([3])[0, ..., 0], pixels[3])
    assert images.labels.tolist() == LABELS


def test_mnist_has_a_training_part(tmp_path):
    write_idx(tmp_path, np.zeros((5, 4, 6)))
    with pytest.raises(DataError, match="no 'train-images-idx3-ubyte'"):
        load_images(f"mnist:{tmp_path}", DataOptions(part="train"))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(np.full((2, 4, 6), 7)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.array([8, 9])))
    images = load_images(f"mnist:{tmp_path}", DataOptions(part="train"))
    assert images.labels.tolist() == [8, 9]
    assert images.read([0]).min() == 7


def test_mnist_and_fashion_mnist_in_one_folder_are_told_apart(tmp_path):
    digits, clothes = np.zeros((5, 4, 6)), np.full((5, 4, 6), 9)
    write_idx(tmp_path / "MNIST" / "raw", digits)
    with pytest.raises(DataError, match="here or in FashionMNIST/raw/"):
        load(f"fashion-mnist:{tmp_path}")
    write_idx(tmp_path / "FashionMNIST" / "raw", clothes)
    assert load(f"mnist:{tmp_path}").read([0]).max() == 0
    assert load(f"fashion-mnist:{tmp_path}").read([0]).min() == 9
    assert load(f"fashion-mnist:{tmp_path}").kind == "fashion-mnist"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\0\0", "not an IDX file"),
        (idx(np.zeros((5, 4, 6)), kind=13), "not an IDX file of bytes with 3 axes"),
        (idx(np.zeros((5, 24))), "not an IDX file of bytes with 3 axes"),
        (idx(np.zeros((5, 4, 6)))[:-1], "has 119 values, its head says 5 x 4 x 6; delete it"),
        (idx(np.zeros((5, 4, 6))) + b"x", "has 121 values"),
        (idx(np.zeros((0, 4, 6))), "no images"),
        (idx(np.zeros((5, 0, 6))), r"images have shape \[5, 0, 6, 1\]"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path, content, message):
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(content)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.array(LABELS)))
    with pytest.raises(DataError, match=message):
        load(f"mnist:{tmp_path}")
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"x" * 99)[:20])
    with pytest.raises(DataError, match="not an IDX file"):
        load(f"mnist:{tmp_path}")
    with pytest.raises(DataError, match="expected the published IDX files"):
        load(f"mnist:{tmp_path / 'elsewhere'}")


@pytest.mark.parametrize(
    ("kind", "error", "reason"),
    [
        ("cifar10", OSError("no network"), "(no network)"),
        (
            "cifar100",
            RuntimeError("File not found or corrupted."),
            "(File not found or corrupted.)",
        ),
        ("mnist", RuntimeError("Error:\nTried A, got:\nB"), "(Error: Tried A, got: B)"),
        ("mnist", BadStatusLine("x"), "(x)"),
        ("fashion-mnist", TimeoutError(), "(TimeoutError)"),
    ],
)
def test_a_failed_download_is_one_line(tmp_path, monkeypatch, kind, error, reason):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(datasets, DOWNLOADS[kind], fail)
    with pytest.raises(DataError, match=re.escape(reason)) as caught:
        load_images(f"{kind}:{tmp_path}", DataOptions(download=True))
    assert str(caught.value).startswith(f"download=: {kind} could not be fetched into {tmp_path}")
    assert "\n" not in str(caught.value)


def test_what_torchvision_fetches_is_read(tmp_path, monkeypatch):
    def fetch(root, *, train, download):
        assert download
        assert not train
        write_cifar(Path(root) / "cifar-100-python", "test", b"fine_labels")

    monkeypatch.setattr(datasets, "CIFAR100", fetch)
    images = load_images(f"cifar100:{tmp_path}", DataOptions(download=True))
    assert images.labels.tolist() == LABELS


def test_a_download_that_was_cut_off_is_not_taken_for_data(tmp_path):
    write_idx(tmp_path / "MNIST" / "raw", np.zeros((5, 4, 6)))
    cut = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    cut.write_bytes(cut.read_bytes()[:60])
    with pytest.raises(DataError, match="has 44 values.*delete it and fetch it again"):
        load(f"mnist:{tmp_path}")
    write_cifar(tmp_path)
    whole = (tmp_path / "test_batch").read_bytes()
    (tmp_path / "test_batch").write_bytes(whole[:-30])
    with pytest.raises(DataError, match="test_batch: not a batch of CIFAR.*or damaged"):
        load(f"cifar10:{tmp_path}")
