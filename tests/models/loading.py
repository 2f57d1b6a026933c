"""Checkpoints that were never files, loaded into networks by name."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from robustbench_ln.models import (
    ARCHITECTURES,
    Checkpoint,
    LoadedModel,
    find_architecture,
    load_model,
)
from robustbench_ln.models.containers import State

RESNET20 = ARCHITECTURES["resnet20"]


def checkpoint_of(state: State) -> Checkpoint:
    return Checkpoint(
        path=Path("net.pt"), sha256="0" * 64, state=state, key=None, prefix="", metadata={}
    )


def load(network: nn.Module, name: str, num_classes: int | None = None) -> LoadedModel:
    checkpoint = checkpoint_of(network.state_dict())
    return load_model(checkpoint, find_architecture(name), num_classes=num_classes)


def assert_same_tensors(loaded: nn.Module, saved: nn.Module) -> None:
    expected = saved.state_dict()
    state = loaded.state_dict()
    assert list(state) == list(expected)
    assert all(torch.equal(state[name], tensor) for name, tensor in expected.items())
