"""Fetching data sets: what fails, and what a fetch leaves behind."""

from __future__ import annotations

import re
from http.client import BadStatusLine
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.data.download import DOWNLOADS
from robustbench_ln.errors import DataError
from tests.data.published import LABELS, load, write_cifar, write_idx


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
    with pytest.raises(DataError, match="test_batch: not a CIFAR batch.*or damaged"):
        load(f"cifar10:{tmp_path}")
