"""Code in a file is named, and never run unless it is trusted."""

from __future__ import annotations

import argparse
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from tests.models.saved_states import assert_small, save, small_state


def test_plain_values_of_training_scripts_are_no_code(tmp_path: Path) -> None:
    args = argparse.Namespace(lr=0.1, arch="resnet20")
    for is_zip in (True, False):
        saved = {"args": args, "best": np.float64(0.5), "state_dict": small_state()}
        checkpoint = read_checkpoint(save(tmp_path / "net.pt", saved, is_zip=is_zip))
        assert_small(checkpoint.state)
        assert checkpoint.metadata == {"best": 0.5}


def test_numpy_scalars_of_numpy_1_are_no_code(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pt", {"best": np.float64(0.5), "net": small_state()}, is_zip=False)
    renamed = path.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert b"numpy.core.multiarray" in renamed
    path.write_bytes(renamed)
    assert read_checkpoint(path).metadata == {"best": 0.5}


class Touch:
    """Unpickling this makes a file: code that must not run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("is_zip", [True, False])
def test_code_in_a_pickle_is_named_and_never_run(tmp_path: Path, is_zip: bool) -> None:
    ran = tmp_path / "ran"
    saved = {"state_dict": small_state(), "extra": Touch(ran)}
    path = save(tmp_path / "net.pt", saved, is_zip=is_zip)
    with pytest.raises(CheckpointError, match=r"it wants (posix|nt)\.mkdir\. Save a state_dict"):
        read_checkpoint(path)
    assert not ran.exists()
    assert_small(read_checkpoint(path, trust=True).state)
    assert ran.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_in_a_bare_pickle_never_runs(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(pickle.dumps(Touch(tmp_path / "ran"), protocol=protocol))
    wanted = "not a checkpoint" if protocol < 2 else r"it wants (posix|nt)\.mkdir"
    with pytest.raises(CheckpointError, match=wanted):
        read_checkpoint(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_whole_pickled_network_needs_trust(tmp_path: Path, is_zip: bool) -> None:
    network = nn.Sequential(nn.Linear(2, 3))
    path = save(tmp_path / "net.pt", {"model": network}, is_zip=is_zip)
    with pytest.raises(
        CheckpointError,
        match=r"it wants .*torch\.nn\.modules\.container\.Sequential.*or load it yourself and give",
    ):
        read_checkpoint(path)
    checkpoint = read_checkpoint(path, trust=True)
    assert torch.equal(checkpoint.state["0.weight"], network[0].weight)


class Gone:
    pass


def test_trust_without_the_code_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "net.pt", {"state_dict": small_state(), "options": Gone()})
    monkeypatch.delattr(f"{__name__}.Gone")
    with pytest.raises(CheckpointError, match=r"needs .*Gone, which cannot be imported here"):
        read_checkpoint(path, trust=True)


def test_many_wanted_names_are_counted(tmp_path: Path) -> None:
    layers = [nn.Linear(1, 1), nn.ReLU(), nn.Tanh(), nn.GELU(), nn.ELU(), nn.SELU()]
    path = save(tmp_path / "net.pt", nn.Sequential(*layers))
    with pytest.raises(CheckpointError, match=r"it wants .* and \d+ more\. Save"):
        read_checkpoint(path)
