"""What one image costs a network: read off its layers, never timed."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from robustbench_ln.norms.layers import copy_network, run_grey_images

__all__ = ["Costs", "measure_costs"]


class Costs(NamedTuple):
    """What a forward pass of one image takes.

    Attributes:
        layer_bytes: Input and output of its largest layer, in bytes.
        operations: Multiplications and additions of its convolutions and products.
        weight_bytes: Parameters and buffers of the network, in bytes.
    """

    layer_bytes: int
    operations: int
    weight_bytes: int


def measure_costs(model: nn.Module, image_shape: tuple[int, int, int]) -> Costs:
    """Return what an image of (C, H, W) costs. A few grey ones go through a copy.

    Raises:
        LayoutError: The network cannot be copied or cannot take such images.
    """
    probe = copy_network(model).eval()
    layer_bytes, operations = [0], [0]

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        tensors = [value for value in (*inputs, output) if isinstance(value, Tensor) and len(value)]
        layer_bytes.append(sum(value.nbytes // len(value) for value in tensors))
        weight = getattr(module, "weight", None)
        if isinstance(output, Tensor) and isinstance(weight, Tensor) and weight.ndim > 1:
            outputs = output.numel() // max(1, len(output))
            operations.append(2 * outputs * (weight.numel() // max(1, len(weight))))

    for module in probe.modules():
        if not any(module.children()):
            module.register_forward_hook(note)
    run_grey_images(probe, image_shape)
    values = (*model.parameters(), *model.buffers())
    return Costs(max(layer_bytes), sum(operations), sum(value.nbytes for value in values))
