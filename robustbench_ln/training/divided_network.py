"""A network of which each process has its own groups, and all have everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import LocalNorm2d
from robustbench_ln.norms.layers import copy_network, layer_kind
from robustbench_ln.norms.replace import replace_modules
from robustbench_ln.norms.running_norm import RunningNorm2d
from robustbench_ln.training.processes import Place, stack_processes
from robustbench_ln.training.whole_batch_norm import WholeBatchNorm, is_batch_norm

__all__ = ["DividedNetwork"]


class DividedNetwork:
    """This process's part of a network; all of it where the process is alone.

    LocalNorm layers keep the gamma and beta of this process's groups. BatchNorm has the statistics
    of the whole batch. DistributedDataParallel averages the gradients of what all processes have.

    Attributes:
        whole: The network; where it is divided, as `state` has last written it.
        model: This process's part of it.
        replica: What a training step calls: `model`, or DistributedDataParallel around it.

    Args:
        whole: On this process's device. It belongs to the caller, but is changed.
        place: Which part of it this process has.

    Raises:
        LayoutError: A norm layer that cannot be divided.
    """

    def __init__(self, whole: nn.Module, place: Place) -> None:
        self.whole = self.model = self.replica = whole
        self.place = place
        self._divided: frozenset[str] = frozenset()
        if place.processes > 1:
            self.model, self._divided = _divide(whole, place)
            self.replica = _synchronize(self.model, self._divided)

    def state(self) -> dict[str, Tensor]:
        """Return the state dict of the whole network. Every process must ask."""
        own = self.model.state_dict()
        if not self._divided:
            state = own
        else:
            state = {n: stack_processes(v) if n in self._divided else v for n, v in own.items()}
        if self.whole is not self.model:
            self.whole.load_state_dict(state)
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take this process's part of the whole network's state dict."""
        self.whole.load_state_dict(state)
        if self.whole is not self.model:
            own = {
                name: value[self.place.part(len(value))] if name in self._divided else value
                for name, value in state.items()
            }
            self.model.load_state_dict(own)

    def optimizer_state(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """Return the state dict that the optimizer of the whole network would have."""
        state = optimizer.state_dict()
        for at, values in self._divided_of(state):
            state["state"][at] = {
                key: stack_processes(value) if _is_like_parameter(value) else value
                for key, value in values.items()
            }
        return state

    def load_optimizer_state(self, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
        """Give the optimizer this process's part of the whole network's optimizer."""
        own = dict(state["state"])
        for at, values in self._divided_of(state):
            own[at] = {
                key: value[self.place.part(len(value))] if _is_like_parameter(value) else value
                for key, value in values.items()
            }
        optimizer.load_state_dict(state | {"state": own})

    def _divided_of(self, state: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
        """Return the places of the divided parameters in an optimizer's state, and what is there.

        Raises:
            KeyError: The state is of another network.
        """
        names = dict(enumerate(name for name, _ in self.model.named_parameters()))
        return [(at, v) for at, v in state["state"].items() if names[at] in self._divided]


def _is_like_parameter(value: object) -> bool:
    return isinstance(value, Tensor) and value.ndim > 0


def _divide(whole: nn.Module, place: Place) -> tuple[nn.Module, frozenset[str]]:
    """Return a copy with this process's groups, and the names of their gammas and betas."""
    model = copy_network(whole)
    layers = dict(model.named_modules(remove_duplicate=False))
    # A layer that a network uses in two places stays one layer.
    fresh = {
        layer: part
        for name, layer in layers.items()
        if (part := _part_of(layer, name, place)) is not None
    }
    parts = {name: fresh[layer] for name, layer in layers.items() if layer in fresh}
    model = replace_modules(model, parts)
    divided = {
        f"{name}.{kind}" if name else kind
        for name, layer in parts.items()
        if isinstance(layer, LocalNorm2d)
        for kind in ("weight", "bias")
    }
    return model, frozenset(divided)


def _part_of(layer: nn.Module, name: str, place: Place) -> nn.Module | None:
    """Return what takes a layer's place; None where it stays."""
    if isinstance(layer, LocalNorm2d):
        return _own_groups(layer, place)
    if is_batch_norm(layer):
        assert isinstance(layer, _BatchNorm)
        return WholeBatchNorm.of(layer)
    if layer_kind(layer) == "batch" and isinstance(layer, _BatchNorm | RunningNorm2d):
        raise LayoutError(
            f"'{name}' is a {type(layer).__name__}, which several processes cannot share; train "
            "with one, or with BatchNorm2d or LocalNorm layers"
        )
    return None


def _own_groups(layer: LocalNorm2d, place: Place) -> LocalNorm2d:
    """Return a layer with this process's groups of another.

    The loss is the mean over the processes of their own losses. The gradients of what all have are
    averaged; those of one process's groups are its own, so they are divided here.
    """
    groups = place.part(layer.num_groups)
    own = LocalNorm2d(layer.num_features, layer.num_groups // place.processes, eps=layer.eps)
    own = own.train(layer.training).to(layer.weight)
    for name, parameter in own.named_parameters():
        values = layer.get_parameter(name)
        with torch.no_grad():
            parameter.copy_(values[groups])
        parameter.requires_grad_(values.requires_grad)
        if values.requires_grad:
            parameter.register_hook(  # type: ignore[no-untyped-call]
                lambda gradient: gradient / place.processes
            )
    return own


def _synchronize(model: nn.Module, divided: frozenset[str]) -> nn.Module:
    """Return a network whose backward pass averages the gradients of what all processes have."""
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(  # type: ignore[no-untyped-call]
        model, divided
    )
    device = next(model.parameters()).device
    return DistributedDataParallel(
        model,
        device_ids=[device.index] if device.type == "cuda" else None,
    )
