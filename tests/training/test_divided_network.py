"""Two processes against one: loss, gradients, weights and momentum."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import SwitchNorm2d, replace_norms
from robustbench_ln.training.divided_network import DividedNetwork, _divide
from robustbench_ln.training.processes import Place
from robustbench_ln.training.whole_batch_norm import WholeBatchNorm
from tests.training.two_processes import DTYPES, NETWORKS, all_steps, ten_steps

ROOT = Path(__file__).parents[2]


@pytest.fixture
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_two_processes_do_the_steps_of_one(tmp_path, one_thread):
    store = str(tmp_path / "store")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "tests.training.two_processes", store]
    with subprocess.Popen(words, cwd=ROOT, env=environment) as second:
        found = all_steps(store, rank=0)
    assert second.returncode == 0
    bounds = {"float32": 1e-6, "float64": 1e-12}
    for (name, precision), two in found.items():
        one = ten_steps(name, DTYPES[precision])
        assert one.keys() == two.keys()
        assert {kind.partition(" ")[0] for kind in one} == {
            "loss", "correct", "gradient", "weight", "momentum"
        }  # fmt: skip
        assert float(one["loss 9"]) != float(one["loss 0"])
        worst = {key: float((one[key].double() - two[key].double()).abs().max()) for key in one}
        key, most = max(worst.items(), key=lambda entry: entry[1])
        assert most <= bounds[precision], (name, precision, key)
    assert len(found) == len(NETWORKS) * len(bounds)


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
