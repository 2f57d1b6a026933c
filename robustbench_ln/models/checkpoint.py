"""Reading a checkpoint: safely, onto the CPU, as float32, with its digest."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from robustbench_ln.errors import CheckpointError
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.models.containers import State, find_weights
from robustbench_ln.models.formats import read_contents
from robustbench_ln.models.hf_folder import HF, is_hf_folder

__all__ = ["Checkpoint", "read_checkpoint"]

_MOST_AXES = 16
"""More than a tensor of any network has; torch computes with at most 64."""

_TYPES = frozenset(
    {torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn}
    | {torch.float8_e5m2, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8}
    | {torch.bool}
)
"""Types of tensors that torch computes with; of others it only stores the bytes."""

_MOST_SHARING = 4
"""Bytes of all tensors to bytes of the file, at most. Above 1 where tensors share memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The weights in a file.

    Attributes:
        path: The file, or the name "demo:NAME" of a shipped one.
        sha256: Digest of the file's bytes.
        state: Name -> tensor on the CPU, all floating ones float32 and finite.
        key: The container's entry they were under; None for a bare state dict.
        prefix: What was taken off all names: "module.", "_orig_mod.", "model.", or several.
        metadata: Numbers and texts beside the weights: epoch, num_groups, ...
        beside: Tensors that are not the network's, and lists of numbers in the containers.
        notes: What was done so that the weights fit, one sentence each.
    """

    path: Path
    sha256: str
    state: State
    key: str | None
    prefix: str
    metadata: dict[str, str | int | float]
    beside: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_checkpoint(path: Path, *, trust: bool = False, key: str | None = None) -> Checkpoint:
    """Read .pt, .pth, .th, .tar or .safetensors; the file's own code is never run.

    Args:
        path: The file.
        trust: Run the code that a pickle asks for (--trust-checkpoint).
        key: The entry to take where a container holds several sets of weights, EMA for one.

    Raises:
        CheckpointError: No such file, not a checkpoint, damaged, in need of code, without
            weights, or with weights that are sparse, quantised, NaN or infinite.
    """
    _check_file(path)
    try:
        contents = read_contents(path, trust=trust)
        digest = file_sha256(path)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
    weights = find_weights(contents.saved, key=key, where=str(path), foreign=contents.foreign)
    for name, tensor in weights.state.items():
        _check_kind(name, tensor, path)
    _check_amount(weights.state, path)
    return Checkpoint(
        path=path,
        sha256=digest,
        state={name: _to_float32(name, t, path) for name, t in weights.state.items()},
        key=weights.key,
        prefix=weights.prefix,
        metadata=contents.metadata | weights.metadata,
        beside=weights.beside,
    )


def _check_file(path: Path) -> None:
    if path.is_dir():
        way = f", or {HF}{path}" if is_hf_folder(path) else ""
        raise CheckpointError(f"{path} is a folder; give the checkpoint file in it{way}")
    if path.is_file():
        return
    if path.exists():
        raise CheckpointError(f"{path}: not a regular file")
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, siblings, n=1)
    hint = f"; did you mean '{path.with_name(near[0])}'?" if near else "; check the path"
    raise CheckpointError(f"{path}: no such file{hint}")


def _check_kind(name: str, tensor: Tensor, path: Path) -> None:
    """Demand a plain dense tensor of real numbers. Other kinds have not even a shape."""
    if tensor.is_nested:
        raise CheckpointError(f"{path}: {name!r} is nested; save it as a dense tensor")
    if tensor.is_quantized:
        raise CheckpointError(f"{path}: {name!r} is quantised; save the float network")
    if tensor.layout != torch.strided:
        raise CheckpointError(f"{path}: {name!r} is sparse; save it as a dense tensor")
    if tensor.device.type != "cpu":
        raise CheckpointError(
            f"{path}: {name!r} has no values ({tensor.device.type} device); save loaded weights"
        )
    if tensor.is_complex():
        raise CheckpointError(f"{path}: {name!r} is complex; expected real weights")
    if tensor.dtype not in _TYPES:
        raise CheckpointError(
            f"{path}: {name!r} is {tensor.dtype}, which is not supported; save it as float32"
        )
    if tensor.ndim > _MOST_AXES:
        raise CheckpointError(
            f"{path}: {name!r} has {tensor.ndim} axes; weights have at most {_MOST_AXES}"
        )


def _check_amount(state: State, path: Path) -> None:
    """Demand tensors that lie in the file, some of them perhaps several times (tied weights).

    A tensor with stride 0 has any number of values and a file of a few bytes. Axes of length 0
    count as 1: they would size a network of which no value is in the file.
    """
    size, total = path.stat().st_size, 0
    for name, tensor in state.items():
        total += math.prod(max(1, side) for side in tensor.shape) * tensor.element_size()
        if total > _MOST_SHARING * size:
            raise CheckpointError(
                f"{path}: {name!r} has shape {list(tensor.shape)}, more values than a file of "
                f"{size:,} bytes can hold; save expanded tensors as tensor.contiguous()"
            )


def _to_float32(name: str, tensor: Tensor, path: Path) -> Tensor:
    """Return a plain dense tensor; integers stay (counters, index tables)."""
    tensor = tensor.detach()
    if not tensor.is_floating_point():
        return tensor
    values = tensor.float()
    if not values.isfinite().all():
        bad = int(values.numel() - values.isfinite().sum())
        part = "running statistics" if ".running_" in f".{name}" else "weights"
        raise CheckpointError(
            f"{path}: {name!r} ({part}) has {bad} NaN or infinite values of {values.numel()}; "
            "the training diverged or the file is damaged; use an earlier checkpoint"
        )
    return values
