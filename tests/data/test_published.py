"""CIFAR's python batches and MNIST's IDX files, in the published formats."""

from __future__ import annotations

import gzip
import pickle
import struct

import numpy as np
import pytest

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError
from tests.data.test_arrays import Touch

ROWS = np.random.default_rng(0).integers(0, 256, (5, 3072)).astype(np.uint8)
LABELS = [3, 1, 4, 1, 5]


def load(source: str):
    return load_images(source, DataOptions())


def write_cifar(folder, name="test_batch", key=b"labels", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    batch = {b"data": ROWS, key: LABELS, b"batch_label": b"testing batch"}
    batch |= {k.encode(): v for k, v in changes.items()}
    (folder / name).write_bytes(pickle.dumps(batch, protocol=2))


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-py"])
def test_cifar10_planes_become_pixels(tmp_path, inner):
    write_cifar(tmp_path / inner)
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


def test_the_published_python_2_batches_have_bytes_that_are_read(tmp_path):
    # protocol 2 of Python 2: the array's bytes are a str, which encoding="bytes" keeps
    write_cifar(tmp_path)
    assert np.array_equal(load(f"cifar10:{tmp_path}").read([0])[0, ..., 0].ravel(), ROWS[0, :1024])


def test_code_in_a_batch_is_named_and_not_run(tmp_path):
    (tmp_path / "test_batch").write_bytes(pickle.dumps({b"data": Touch(tmp_path / "ran")}))
    with pytest.raises(DataError, match=r"wants to run '_?io.open'.*It was not run"):
        load(f"cifar10:{tmp_path}")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": b"x"}, "'data' is no array of bytes"),
        ({"data": ROWS.astype(float)}, "'data' is no array of bytes"),
        ({"data": ROWS[:, :100]}, "images have 100 values"),
        ({"labels": [1, 2]}, r"labels have shape \[2\]; expected \[5\]"),
        ({"labels": None}, "labels are NoneType"),
    ],
)
def test_wrong_batches_are_refused(tmp_path, changes, message):
    write_cifar(tmp_path, **changes)
    with pytest.raises(DataError, match=message):
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


@pytest.mark.parametrize(("inner", "ending"), [("", ""), ("MNIST/raw", ".gz"), ("raw", "")])
def test_mnist_in_its_usual_places(tmp_path, inner, ending):
    folder = tmp_path / inner
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(5 * 4 * 6).reshape(5, 4, 6)
    for name, array in (("images-idx3", pixels), ("labels-idx1", np.array(LABELS))):
        content = idx(array)
        path = folder / f"t10k-{name}-ubyte{ending}"
        path.write_bytes(gzip.compress(content) if ending else content)
    images = load(f"mnist:{tmp_path}")
    assert (images.kind, images.shape) == ("mnist", (4, 6, 1))
    assert np.array_equal(images.read([3])[0, ..., 0], pixels[3])
    assert images.labels.tolist() == LABELS
    assert load(f"fashion-mnist:{tmp_path}").kind == "fashion-mnist"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\0\0", "not an IDX file"),
        (idx(np.zeros((5, 4, 6)), kind=13), "not an IDX file of bytes with 3 axes"),
        (idx(np.zeros((5, 24))), "not an IDX file of bytes with 3 axes"),
        (idx(np.zeros((5, 4, 6)))[:-1], "has 119 values, its head says 5 x 4 x 6"),
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


def test_a_failed_download_is_one_line(tmp_path, monkeypatch):
    from torchvision import datasets

    def fail(*args, **kwargs):
        raise OSError("no network\nmore")

    monkeypatch.setattr(datasets, "CIFAR10", fail)
    with pytest.raises(DataError, match=r"cifar10 could not be fetched .* \(no network\)"):
        load_images(f"cifar10:{tmp_path}", DataOptions(download=True))
