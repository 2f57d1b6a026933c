"""A small state dict, written to a file and recognised again."""

from __future__ import annotations

from pathlib import Path

import torch

from robustbench_ln.models.containers import State


def small_state() -> State:
    return {"conv.weight": torch.arange(6.0).reshape(3, 2), "bn.running_mean": torch.ones(3)}


def save(path: Path, saved: object, *, is_zip: bool = True) -> Path:
    torch.save(saved, path, _use_new_zipfile_serialization=is_zip)
    return path


def assert_small(state: State) -> None:
    assert list(state) == list(small_state())
    for name, tensor in small_state().items():
        assert state[name].dtype == torch.float32
        assert torch.equal(state[name], tensor)
