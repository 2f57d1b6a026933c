"""MNIST's IDX files, in the published format."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import DataError
from tests.data.published import LABELS, idx, load, write_idx


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
        (idx(np.zeros((5, 4, 6)))[:-1], "has 119 values, its header says 5 x 4 x 6; delete it"),
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
