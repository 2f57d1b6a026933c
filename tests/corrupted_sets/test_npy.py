"""Arrays on disk that are filled block by block, in any order."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from robustbench_ln.corrupted_sets.npy import ArrayFile, write_array

VALUES = np.random.default_rng(0).integers(0, 256, (5, 2, 3, 3), dtype=np.uint8)


@pytest.fixture(params=[np.uint8, np.float32])
def array(request, tmp_path) -> ArrayFile:
    return ArrayFile(folder=tmp_path, name="fog.npy", shape=VALUES.shape, dtype=request.param)


def test_blocks_in_any_order_are_one_plain_array(array, tmp_path):
    values = VALUES.astype(array.dtype)
    array.start()
    for row, stop in ((3, 5), (0, 1), (1, 3)):
        array.write(row, values[row:stop])
    assert not (tmp_path / "fog.npy").exists()
    entry = array.finish()
    content = (tmp_path / "fog.npy").read_bytes()
    assert entry == ("fog.npy", len(content), hashlib.sha256(content).hexdigest())
    loaded = np.load(tmp_path / "fog.npy")
    assert loaded.dtype == array.dtype
    assert np.array_equal(loaded, values)
    np.save(tmp_path / "numpy.npy", values)
    assert content == (tmp_path / "numpy.npy").read_bytes()
    assert not array.part.exists()


def test_rows_that_were_not_written_are_zero(array):
    array.start()
    array.write(4, VALUES[4:].astype(array.dtype))
    array.finish()
    loaded = np.load(array.folder / "fog.npy")
    assert not loaded[:4].any()
    assert np.array_equal(loaded[4], VALUES[4])


def test_an_unfinished_file_of_another_size_is_not_gone_on_with(array):
    assert not array.is_started()
    array.start()
    assert array.is_started()
    assert array.size == VALUES.size * np.dtype(array.dtype).itemsize
    with array.part.open("ab") as file:
        file.write(b"x")
    assert not array.is_started()


def test_a_small_array_is_written_at_once(tmp_path):
    entry = write_array(tmp_path, "labels.npy", np.array([3, 1], dtype=np.uint8))
    assert np.load(tmp_path / "labels.npy").tolist() == [3, 1]
    assert entry.size == (tmp_path / "labels.npy").stat().st_size == 128 + 2
