"""From a BatchNorm checkpoint to one of another norm, and the proof of what did not change."""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from robustbench_ln.errors import LayoutError, SpecError, setting
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.lookup import find_entry
from robustbench_ln.models.fitting import LoadedModel
from robustbench_ln.norms import (
    NORMS,
    Converted,
    Norm,
    find_norm_layers,
    replace_norms,
    take_logits,
)
from robustbench_ln.rng import stream

__all__ = ["Conversion", "Identity", "convert_network", "write_converted"]

_IDENTITIES = {
    "local": "LocalNorm as it trains and Dynamic BatchNorm on each set of images",
    "noisy": "noisy BatchNorm and BatchNorm, both with running statistics,",
    "ghost": "Ghost BatchNorm and BatchNorm, both with running statistics,",
    "renorm": "Batch Renormalization and BatchNorm, both with running statistics,",
    "batch": "the written and the given BatchNorm network, both with running statistics,",
}
_MOST_IMAGES = 16
"""In a set of the check; the identity holds for any number."""
_MOST_GROUPS = 1024
"""Every group has its gamma and beta, and two images in a training batch."""
_TOLERANCE = 1e-4
"""Of the check, times the largest logit."""


class Identity(NamedTuple):
    """What a converted network must share with the BatchNorm network, and how nearly it does.

    Attributes:
        statement: The two that are equal.
        difference: Largest difference of a logit; 0 up to rounding.
        scale: Largest logit there, to see the difference against.
    """

    statement: str
    difference: float
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A network of another norm made from a BatchNorm one.

    Attributes:
        converted: The network and the layers that were replaced.
        norm: Its norm.
        num_groups: LocalNorm's G; None for other norms.
        group_size: Images in a group, for later evaluations; None likewise.
        identity: None where the norm's statistics are others from the start.
        eps: Eps of the layers that were replaced; several numbers where they differ.
        parent: SHA-256 of the checkpoint it was made from.
        network: The network's name.
    """

    converted: Converted
    norm: Norm
    num_groups: int | None
    group_size: int | None
    identity: Identity | None
    eps: str
    parent: str
    network: str


def convert_network(
    loaded: LoadedModel,
    norm: str,
    *,
    num_groups: int | None,
    group_size: int | None,
    image_shape: tuple[int, int, int],
) -> Conversion:
    """Replace every BatchNorm2d by another norm and check the identity that this norm has.

    LocalNorm's own forward, on a batch of G sets of images, equals Dynamic BatchNorm on each set;
    those of Ghost BatchNorm and Batch Renormalization equal BatchNorm in evaluation. The other
    norms have statistics of their own.

    Args:
        loaded: A network with BatchNorm2d; not changed.
        norm: An id of NORMS.
        num_groups: G, 1 or more, for LocalNorm; None for other norms.
        group_size: M, images in a group; None is the papers' training batch over G.
        image_shape: (C, H, W) of the images for the check.

    Raises:
        SpecError: No such norm, no G, a G that does not divide the papers' batch, or numbers that
            the norm does not have or below 1.
        LayoutError: Nothing to convert, a layer that cannot be, or the identity does not hold.
    """
    entry = find_entry(NORMS, norm, kind="norm", listed="norms")
    if norm == "local":
        group_size = _check_groups(loaded.training_batch, num_groups, group_size)
    elif num_groups is not None or group_size is not None:
        raise SpecError(
            f"{setting('norm', norm)} has no groups of images; leave out {setting('num_groups')} "
            f"and {setting('group_size')}"
        )
    converted = replace_norms(loaded.model, norm, num_groups=num_groups or 1)
    layers = find_norm_layers(converted.model, image_shape)
    eps = {layer.eps for layer in layers if layer.name in converted.replaced}
    return Conversion(
        converted=converted,
        norm=entry,
        num_groups=num_groups,
        group_size=group_size,
        identity=_check_identity(
            loaded.model, converted, entry, (num_groups, group_size), image_shape
        ),
        eps=",".join(str(value) for value in sorted(eps)),
        parent=loaded.checkpoint.sha256,
        network=loaded.network,
    )


def _check_groups(batch: int, num_groups: int | None, group_size: int | None) -> int:
    """Return M of G groups; by default the papers' batch over G."""
    if num_groups is None:
        raise SpecError(
            f"{setting('norm', 'local')} needs {setting('num_groups')}, the groups of parameters "
            "(the papers' 8)"
        )
    if num_groups < 1 or (group_size is not None and group_size < 1):
        size = "" if group_size is None else f", {setting('group_size')} is {group_size}"
        raise SpecError(f"{setting('num_groups')} is {num_groups}{size}; expected 1 or more")
    if num_groups > _MOST_GROUPS:
        raise SpecError(f"{setting('num_groups')} is {num_groups}; expected at most {_MOST_GROUPS}")
    if group_size is None and batch % num_groups:
        divisors = [n for n in range(1, batch + 1) if batch % n == 0]
        nearest = min(divisors, key=lambda n: abs(n - num_groups))
        raise SpecError(
            f"{setting('num_groups', num_groups)} does not divide the papers' batch of {batch} "
            f"images; use {nearest}, or give {setting('group_size')}"
        )
    return group_size or batch // num_groups


def _check_identity(
    model: nn.Module,
    converted: Converted,
    norm: Norm,
    groups: tuple[int | None, int | None],
    image_shape: tuple[int, int, int],
) -> Identity | None:
    """Compare the new layers' own forward with the BatchNorm network, on random images."""
    if norm.id not in _IDENTITIES:
        return None
    num_sets, set_size = groups[0] or 1, min(max(2, groups[1] or 2), _MOST_IMAGES)
    shape = (num_sets * set_size, *image_shape)
    images = torch.from_numpy(stream(0, "identity check").random(shape, dtype=np.float32))
    reference = copy.deepcopy(model).eval()
    if norm.id == "local":
        for name in converted.replaced:
            reference.get_submodule(name).train()  # statistics of the set that is shown
    with torch.inference_mode():
        parts = torch.split(images, set_size)
        expected = torch.cat([take_logits(reference(part), len(part)) for part in parts])
        logits = take_logits(converted.model.eval()(images), len(images))
    difference = float((logits - expected).abs().max())
    scale = float(expected.abs().max())
    if not difference <= _TOLERANCE * scale:
        raise LayoutError(
            f"{_IDENTITIES[norm.id]} differ by {difference:.2g} in a logit (largest logit "
            f"{scale:.2g}); expected at most {_TOLERANCE:g} of that. Use a network in which only "
            "BatchNorm2d layers depend on the batch"
        )
    return Identity(_IDENTITIES[norm.id], difference, scale)


def write_converted(
    conversion: Conversion, out: Path, *, normalize: str | None = None, overwrite: bool = False
) -> None:
    """Write the weights, .safetensors or .pt, with what later commands need beside them.

    Args:
        conversion: What is written.
        out: New file.
        normalize: Input normalisation of the parent; None where nobody states it.
        overwrite: Replace a file that is there.

    Raises:
        SpecError: Another ending, or the file exists and `overwrite` is False.
        RecordError: It cannot be written.
    """
    if out.suffix not in (".safetensors", ".pt"):
        raise SpecError(f"{setting('out', out)}: expected a name that ends in .safetensors or .pt")
    if out.exists() and not overwrite:
        raise SpecError(
            f"{setting('out', out)} exists; add {setting('overwrite', True)} to replace it"
        )
    state = _state(conversion.converted.model)
    about: dict[str, int | str | None] = {
        "norm": conversion.norm.id,
        "num_groups": conversion.num_groups,
        "group_size": conversion.group_size,
        "eps": conversion.eps,
        "arch": conversion.network,
        "normalize": normalize,
        "parent_sha256": conversion.parent,
    }
    stated = {name: value for name, value in about.items() if value is not None}
    write_whole(out, _encode(state, stated, out.suffix))


def _encode(state: dict[str, Tensor], about: dict[str, int | str], suffix: str) -> bytes:
    if suffix == ".safetensors":
        return save(state, metadata={name: str(value) for name, value in about.items()})
    buffer = io.BytesIO()
    torch.save({"state_dict": state, **about}, buffer)
    return buffer.getvalue()


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()}
