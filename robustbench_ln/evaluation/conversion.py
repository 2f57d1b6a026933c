"""From a BatchNorm checkpoint to a LocalNorm one, and the proof that nothing else changed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from robustbench_ln.errors import CheckpointError, SpecError
from robustbench_ln.models.fitting import LoadedModel
from robustbench_ln.norms import Converted, StatisticsLayout, convert_batchnorm, with_statistics
from robustbench_ln.rng import stream

__all__ = ["Conversion", "convert_network", "write_converted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A LocalNorm network made from a BatchNorm one.

    Attributes:
        converted: The network and the layers that were replaced.
        num_groups: G.
        group_size: Images in a group, for later evaluations.
        difference: Largest difference of a logit, over all groups, between LocalNorm and Dynamic
            BatchNorm on the same sets of images; 0 up to rounding.
        scale: Largest logit there, to see the difference against.
        parent: SHA-256 of the checkpoint it was made from.
        network: The network's name.
    """

    converted: Converted
    num_groups: int
    group_size: int
    difference: float
    scale: float
    parent: str
    network: str


def convert_network(
    loaded: LoadedModel, *, num_groups: int, group_size: int, image_shape: tuple[int, int, int]
) -> Conversion:
    """Replace every BatchNorm2d by LocalNorm2d and check the identity of LN and Dynamic BN.

    Args:
        loaded: A network with BatchNorm2d; not changed.
        num_groups: G, 1 or more.
        group_size: M, images in a group.
        image_shape: (C, H, W) of the images for the check.

    Raises:
        SpecError: A number below 1.
        LayoutError: Nothing to convert, or a layer that cannot be.
    """
    if num_groups < 1 or group_size < 1:
        raise SpecError(f"--groups {num_groups} of {group_size} images: expected 1 or more of each")
    converted = convert_batchnorm(loaded.model, num_groups)
    num_images = max(2, group_size)
    layout = StatisticsLayout(name="set", set_size=num_images)
    draws = stream(0, "identity check").random((num_images, *image_shape), dtype=np.float32)
    images = torch.from_numpy(draws)
    with torch.inference_mode():
        expected = with_statistics(loaded.model, layout, image_shape=image_shape)(images)
        local = with_statistics(converted.model, layout, image_shape=image_shape)
        logits = torch.stack([local(images, group=group) for group in range(num_groups)])
    return Conversion(
        converted=converted,
        num_groups=num_groups,
        group_size=group_size,
        difference=float((logits - expected).abs().max()),
        scale=float(expected.abs().max()),
        parent=loaded.checkpoint.sha256,
        network=loaded.network,
    )


def write_converted(conversion: Conversion, out: Path, *, overwrite: bool = False) -> None:
    """Write the weights, .safetensors or .pt, with what later commands need beside them.

    The file is written under another name and renamed when it is whole.

    Raises:
        SpecError: Another ending, or the file exists and `overwrite` is False.
        CheckpointError: It cannot be written.
    """
    if out.suffix not in (".safetensors", ".pt"):
        raise SpecError(f"--out {out}: expected a name that ends in .safetensors or .pt")
    if out.exists() and not overwrite:
        raise SpecError(f"--out {out} exists; add --overwrite to replace it")
    state = _state(conversion.converted.model)
    about: dict[str, int | str] = {
        "num_groups": conversion.num_groups,
        "group_size": conversion.group_size,
        "arch": conversion.network,
        "parent_sha256": conversion.parent,
    }
    part = out.with_name(out.name + ".part")
    try:
        part.write_bytes(_encode(state, about, out.suffix))
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CheckpointError(f"{out}: cannot be written ({error.strerror or error})") from error


def _encode(state: dict[str, Tensor], about: dict[str, int | str], suffix: str) -> bytes:
    if suffix == ".safetensors":
        return save(state, metadata={name: str(value) for name, value in about.items()})
    buffer = io.BytesIO()
    torch.save({"state_dict": state, **about}, buffer)
    return buffer.getvalue()


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()}
