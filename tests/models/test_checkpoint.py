"""A checkpoint is read as float32 weights, or its path or its tensors are refused."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import read_checkpoint
from tests.models.saved_states import assert_small, save, small_state


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".th", ".tar", ".safetensors"])
def test_a_bare_state_dict_is_read_whatever_the_file_is_called(
    tmp_path: Path, suffix: str, is_zip: bool
) -> None:
    path = save(tmp_path / f"net{suffix}", small_state(), is_zip=is_zip)
    checkpoint = read_checkpoint(path)
    assert_small(checkpoint.state)
    assert (checkpoint.key, checkpoint.prefix, checkpoint.metadata) == (None, "", {})
    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_other_precisions_become_float32(tmp_path: Path) -> None:
    state = {
        "half": torch.ones(2, dtype=torch.float16),
        "brain": torch.ones(2, dtype=torch.bfloat16),
        "double": torch.ones(2, dtype=torch.float64),
        "index": torch.arange(2),
    }
    checkpoint = read_checkpoint(save(tmp_path / "net.pt", state))
    dtypes = [tensor.dtype for tensor in checkpoint.state.values()]
    assert dtypes == [torch.float32] * 3 + [torch.int64]


def test_parameters_lose_their_gradients(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt", {"weight": nn.Parameter(torch.ones(2))})
    assert not read_checkpoint(path).state["weight"].requires_grad


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    save(tmp_path / "resnet20.pt", small_state())
    with pytest.raises(CheckpointError, match=r"no such file; did you mean '.*/resnet20\.pt'\?"):
        read_checkpoint(tmp_path / "resnet2O.pt")
    with pytest.raises(CheckpointError, match="no such file; check the path"):
        read_checkpoint(tmp_path / "nowhere" / "net.pt")
    with pytest.raises(CheckpointError, match="is a folder; give the checkpoint file in it"):
        read_checkpoint(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="not a regular file"):
        read_checkpoint(tmp_path / "pipe")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "net.pt", small_state())

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", denied)
    with pytest.raises(CheckpointError, match=r"cannot be read \(Permission denied\)"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        (
            "bn.running_var",
            torch.tensor([1.0, float("nan")]),
            r"'bn.running_var' \(running statistics\) has 1 NaN or infinite values of 2",
        ),
        (
            "conv.weight",
            torch.tensor([float("inf"), -float("inf"), 0.0]),
            r"'conv.weight' \(weights\) has 2 NaN or infinite values of 3",
        ),
        (
            "conv.weight",
            torch.tensor([1e300], dtype=torch.float64),
            r"'conv.weight' \(weights\) has 1 NaN or infinite",
        ),
        ("w", torch.eye(2).to_sparse(), "'w' is sparse; save it as a dense tensor"),
        ("w", torch.zeros(2, device="meta"), r"'w' has no values \(meta device\)"),
        ("w", torch.zeros(2, dtype=torch.complex64), "'w' is complex; expected real weights"),
    ],
)
def test_tensors_that_are_no_weights(
    tmp_path: Path, name: str, tensor: torch.Tensor, message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(save(tmp_path / "net.pt", {"a.weight": torch.ones(2), name: tensor}))


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
def test_quantised_tensors_are_refused(tmp_path: Path) -> None:
    quantised = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    with pytest.raises(CheckpointError, match="'w' is quantised; save the float network"):
        read_checkpoint(save(tmp_path / "net.pt", {"w": quantised}))


def overflowing(kind: str, shape: list[int], size: int = 0) -> bytes:
    """A safetensors file with one tensor of some type and shape."""
    header = json.dumps({"w": {"dtype": kind, "shape": shape, "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


@pytest.mark.parametrize(
    "content",
    [
        overflowing("F4", [2], 1),
        overflowing("F6_E2M3", [4], 3),
        overflowing("X", [2], 1),
        overflowing("F32", [0] + [2**40] * 60),
        overflowing("F32", [0, 2**63]),
        overflowing("F32", [1] * 70, 4),
        overflowing("F32", [2**62, 4]),
    ],
    ids=["F4", "F6", "X", "huge", "2**63", "70 axes", "overflow"],
)
def test_tensors_that_torch_cannot_hold_are_refused(tmp_path, content):
    (tmp_path / "odd.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="odd.safetensors: "):
        read_checkpoint(tmp_path / "odd.safetensors")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.zeros([1] * 70), "'w' has 70 axes; weights have at most 16"),
        (lambda: torch.zeros([0] + [2**40] * 1), "more values than a file"),
        (
            lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
            "no weights in it",
        ),
        (
            lambda: torch.nested.nested_tensor(
                [torch.zeros(2), torch.zeros(3)], layout=torch.jagged
            ),
            "'w' is nested|refused|damaged",
        ),
    ],
    ids=["70 axes", "empty", "nested", "jagged"],
)
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_kinds_of_tensors_without_a_plain_shape_are_refused(tmp_path, make, message):
    torch.save({"w": make()}, tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(tmp_path / "odd.pt")
