"""A normalisation of the input that a file stores beside the weights: (mu, sigma), (mean, std)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_ln.errors import CheckpointError, SpecError, setting
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.spec import parse_normalization

__all__ = [
    "StoredInput",
    "check_stored_input",
    "find_stored_input",
    "is_stored_input",
    "stored_normalization",
]

_MEAN = re.compile(r"(.*_)?(means?|mu)_?", re.IGNORECASE)
_STD = re.compile(r"(.*_)?(stds?|stdev|sigma)_?", re.IGNORECASE)
_LARGEST = 10
"""Of values on the 0..1 scale; larger ones are of 0..255."""


class StoredInput(NamedTuple):
    """A mean and a standard deviation of pixels, on the 0..1 scale, and what they are called."""

    names: tuple[str, str]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def text(self) -> str:
        """The text that `normalize` takes."""
        return "/".join(",".join(f"{value:.6g}" for value in v) for v in (self.mean, self.std))


def is_stored_input(name: str, value: object) -> bool:
    """Whether a tensor's name and size are those of a mean or a standard deviation of pixels."""
    last = name.rpartition(".")[2]
    is_named = (_MEAN.fullmatch(last) or _STD.fullmatch(last)) and not last.startswith("running_")
    return bool(is_named) and _numbers(value) is not None


def find_stored_input(beside: Mapping[str, object]) -> tuple[StoredInput, ...]:
    """Return every pair of mean and standard deviation in the same place, each value once."""
    found: dict[str, StoredInput] = {}
    named = {name: value for name, value in beside.items() if is_stored_input(name, value)}
    for name, value in named.items():
        parent, _, last = name.rpartition(".")
        stem = _MEAN.fullmatch(last)
        if stem is None:
            continue
        for other, spread in named.items():
            match = _STD.fullmatch(other.rpartition(".")[2])
            if match and other.rpartition(".")[0] == parent and match[1] == stem[1]:
                stored = _pair((name, other), _numbers(value) or (), _numbers(spread) or ())
                found.setdefault(stored.text, stored)
    return tuple(found.values())


def _pair(names: tuple[str, str], mean: tuple[float, ...], std: tuple[float, ...]) -> StoredInput:
    if max(map(abs, mean + std)) > _LARGEST:
        mean, std = (tuple(value / 255 for value in values) for values in (mean, std))
    return StoredInput(names, mean, std)


def _numbers(value: object) -> tuple[float, ...] | None:
    if isinstance(value, Tensor):
        is_flat = value.numel() == max(value.shape, default=1) and not value.is_complex()
        value = value.flatten().tolist() if is_flat and value.layout == torch.strided else None
    if not isinstance(value, list | tuple) or len(value) not in (1, 3):
        return None
    numbers = tuple(float(number) for number in value if isinstance(number, int | float))
    return numbers if len(numbers) == len(value) and all(map(math.isfinite, numbers)) else None


def stored_normalization(checkpoint: Checkpoint) -> str | None:
    """Return what a file stores as `normalize` takes it; None where it stores none.

    Raises:
        CheckpointError: It stores several.
    """
    stored = find_stored_input(checkpoint.beside)
    if len(stored) > 1:
        shown = " and ".join(pair.text for pair in stored)
        raise CheckpointError(
            f"{checkpoint.path}: stores {len(stored)} normalisations of the input, {shown}; save "
            "the network without one of them"
        )
    return stored[0].text if stored else None


def check_stored_input(checkpoint: Checkpoint, normalize: str | None) -> None:
    """Demand the normalisation that a file stores: it was part of the network, and is not loaded.

    Args:
        checkpoint: Fitted to its network.
        normalize: What is to be done to the input; None where nobody says.

    Raises:
        CheckpointError: Another one; the message has the stored values.
    """
    text = stored_normalization(checkpoint)
    if text is not None and (normalize is None or not _is_same(normalize, text)):
        (stored,) = find_stored_input(checkpoint.beside)
        names = " and ".join(map(repr, stored.names))
        raise CheckpointError(
            f"{checkpoint.path}: its network normalised the input itself with {names}, which this "
            f"network does not; give {setting('normalize', text)}"
        )


def _is_same(normalize: str, text: str) -> bool:
    """Whether two normalisations are one, for three channels or for one."""
    for channels in (3, 1):
        try:
            asked, kept = (parse_normalization(each, channels) for each in (normalize, text))
        except SpecError:  # for another number of channels
            continue
        return all(
            math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-4)
            for a, b in zip(asked.mean + asked.std, kept.mean + kept.std, strict=True)
        )
    return False
