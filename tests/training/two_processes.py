"""Ten steps of two processes for tests/training/test_divided_network.py.

The test is the first process; `python -m tests.training.two_processes STORE` is the second. One
process that loads torch is cheaper than two.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from robustbench_ln.norms import replace_norms
from robustbench_ln.training.divided_network import DividedNetwork
from robustbench_ln.training.processes import current_place
from robustbench_ln.training.step import make_optimizer, training_step
from tests.training.stages import NUM_CLASSES, RECIPE

NETWORKS = {"local-2": 2, "local-4": 4, "local-8": 8, "batch": 1, "group": 1}
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def network(name: str, dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8),
        nn.ReLU(), nn.Flatten(), nn.Linear(128, 12), nn.BatchNorm1d(12),
        nn.Linear(12, NUM_CLASSES),
    )  # fmt: skip
    with torch.no_grad():
        for layer in (model[1], model[4]):
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.uniform_(-0.5, 0.5)
    model = replace_norms(model, name.partition("-")[0], num_groups=NETWORKS[name]).model
    return model.to(dtype)


def ten_steps(name: str, dtype: torch.dtype) -> dict[str, Tensor]:
    """Loss and gradients of the first step, and losses, weights and momentum after ten."""
    place = current_place()
    divided = DividedNetwork(network(name, dtype), place)
    optimizer = make_optimizer(divided.model, replace(RECIPE, learning_rate=0.02))
    generator = torch.Generator().manual_seed(1)
    found: dict[str, Tensor] = {}
    for step in range(10):
        images = torch.randn(16, 3, 8, 8, generator=generator, dtype=torch.float64).to(dtype)
        labels = torch.randint(NUM_CLASSES, (16,), generator=generator)
        own = place.part(16)
        done = training_step(
            divided.replica.train(), optimizer, images=images[own], labels=labels[own]
        )
        found[f"loss {step}"] = torch.tensor(done.loss, dtype=torch.float64)
        found[f"correct {step}"] = torch.tensor(float(done.correct))
        if step == 0:
            found |= gradients(divided)
    found |= {f"weight {n}": value.clone() for n, value in divided.state().items()}
    names = [n for n, _ in divided.whole.named_parameters()]
    for at, values in divided.optimizer_state(optimizer)["state"].items():
        found[f"momentum {names[at]}"] = values["momentum_buffer"].clone()
    return found


def gradients(divided: DividedNetwork) -> dict[str, Tensor]:
    """The gradients of the whole network, gathered as its weights are."""
    values = {n: p.detach().clone() for n, p in divided.model.named_parameters()}
    for parameter in divided.model.parameters():
        assert parameter.grad is not None
        parameter.data.copy_(parameter.grad)
    found = {f"gradient {n}": v.clone() for n, v in divided.state().items() if n in values}
    for name, parameter in divided.model.named_parameters():
        parameter.data.copy_(values[name])
    return found


def all_steps(store: str, rank: int) -> dict[tuple[str, str], dict[str, Tensor]]:
    """What this process and another come to, for each network and precision."""
    dist.init_process_group(
        "gloo",
        init_method=f"file://{store}",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=60),
    )
    try:
        return {(n, d): ten_steps(n, dtype) for n in NETWORKS for d, dtype in DTYPES.items()}
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    all_steps(sys.argv[1], rank=1)
