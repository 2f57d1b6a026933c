"""Two processes against one: loss, gradients, weights and momentum."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import SwitchNorm2d, replace_norms
from robustbench_ln.training.divided_network import DividedNetwork, _divide
from robustbench_ln.training.processes import Place
from robustbench_ln.training.whole_batch_norm import WholeBatchNorm
from tests.training.two_processes import DTYPES, NETWORKS, ten_steps

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory) -> dict[tuple[str, str], dict[str, torch.Tensor]]:
    """What two processes come to, for each network and precision."""
    folder = tmp_path_factory.mktemp("two")
    words = [sys.executable, "-m", "tests.training.two_processes"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [*words, str(rank), "2", str(folder / "store"), str(folder / "found.pt")],
            cwd=ROOT, env=environment,
        )
        for rank in range(2)
    ]  # fmt: skip
    assert [process.wait(timeout=600) for process in running] == [0, 0]
    found: dict[tuple[str, str], dict[str, torch.Tensor]] = torch.load(folder / "found.pt")
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-6), ("float64", 1e-12)])
def test_two_processes_do_the_steps_of_one(of_two, name, precision, bound):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    one = ten_steps(name, DTYPES[precision])
    torch.set_num_threads(threads)
    two = of_two[name, precision]
    assert one.keys() == two.keys()
    assert {kind.partition(" ")[0] for kind in one} == {
        "loss", "correct", "gradient", "weight", "momentum"
    }  # fmt: skip
    assert float(one["loss 9"]) != float(one["loss 0"])
    worst = {key: float((one[key].double() - two[key].double()).abs().max()) for key in one}
    assert max(worst.values()) <= bound, max(worst.items(), key=lambda entry: entry[1])


def grouped() -> nn.Module:
    norms = [nn.BatchNorm2d(3), nn.BatchNorm2d(3)]
    model = replace_norms(nn.Sequential(*norms), "local", num_groups=4).model
    with torch.no_grad():
        for at, parameter in enumerate(model.parameters()):
            parameter.copy_(torch.arange(12).reshape(4, 3) + 100 * at)
    model[1].bias.requires_grad_(False)
    return nn.Sequential(model, nn.BatchNorm1d(2), nn.GroupNorm(1, 2))


def test_each_process_has_its_groups_and_all_else():
    whole = grouped()
    for rank in range(2):
        own, divided = _divide(whole, Place(rank, 2))
        assert divided == {"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"}
        for name, value in whole.state_dict().items():
            expected = value[2 * rank : 2 * rank + 2] if name in divided else value
            assert torch.equal(own.state_dict()[name], expected)
        assert [p.requires_grad for p in own.parameters()] == [
            p.requires_grad for p in whole.parameters()
        ]
        assert isinstance(own[1], WholeBatchNorm)
        assert type(own[2]) is nn.GroupNorm
    assert type(whole[1]) is nn.BatchNorm1d, "the network itself stays"


def test_a_layer_in_two_places_stays_one():
    layer = nn.BatchNorm2d(3)
    own, _ = _divide(nn.Sequential(layer, nn.ReLU(), layer), Place(1, 2))
    assert own[0] is own[2]
    assert isinstance(own[0], WholeBatchNorm)


class Activated(nn.BatchNorm2d):
    pass


@pytest.mark.parametrize("layer", [Activated(3), SwitchNorm2d(3)])
def test_norms_that_cannot_be_divided_are_refused(layer):
    with pytest.raises(LayoutError, match=f"'1' is a {type(layer).__name__}, which several proc"):
        _divide(nn.Sequential(nn.ReLU(), layer), Place(0, 2))


def test_alone_the_network_is_whole():
    model = grouped()
    divided = DividedNetwork(model, Place())
    assert divided.model is divided.replica is divided.whole is model
