"""The table of shapes is what we and the installed torchvision build."""

from __future__ import annotations

from importlib.metadata import version

import pytest
import torch
import torchvision

from robustbench_ln.errors import Message
from robustbench_ln.models import build_model, nearest
from robustbench_ln.models.networks.torchvision_models import torchvision_names
from robustbench_ln.models.shape_table import TABLE, nearest_in_table, read_table
from robustbench_ln.norms import convert_batchnorm
from tests.models.loading import checkpoint_of
from tools.make_shape_table import known_names, sums_of, table_text

NETWORKS = [
    "torchvision:alexnet", "torchvision:resnet18", "torchvision:squeezenet1_1",
    "torchvision:densenet121", "torchvision:googlenet", "resnet20", "mnist-dnn",
]  # fmt: skip
LIBRARY = [f"torchvision:{name}" for name in torchvision_names()]


def shapes_of(network: torch.nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def test_the_table_has_all_networks() -> None:
    assert set(known_names()) <= read_table().keys(), (
        f"ours, or torchvision {version('torchvision')}, are more: python -m tools.make_shape_table"
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_the_table_has_the_shapes_of_the_installed_torchvision(name: str) -> None:
    assert read_table()[name] == sums_of(name)


@pytest.mark.slow
def test_the_committed_table_is_what_the_tool_makes() -> None:
    assert TABLE.read_text() == table_text(), "python -m tools.make_shape_table"


def test_no_two_networks_look_alike_but_one_pair() -> None:
    table = read_table()
    pair = {"resnet18-preact", "resnet18-preact-raw-shortcut"}
    alike = [name for name, sums in table.items() if [*table.values()].count(sums) > 1]
    assert set(alike) == pair  # they differ in what they compute, and both are named


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5"])
@pytest.mark.parametrize("num_groups", [0, 3])
def test_a_network_is_found_with_any_classes_and_any_norm(name: str, num_groups: int) -> None:
    with torch.device("meta"):
        network = torchvision.models.get_model(name, num_classes=7)
        if num_groups:
            network = convert_batchnorm(network, num_groups).model
    assert nearest_in_table(shapes_of(network), LIBRARY) == (1.0, [f"torchvision:{name}"])


def test_only_networks_that_are_installed_are_found() -> None:
    shapes = shapes_of(build_model("torchvision:resnet18"))
    share, names = nearest_in_table(shapes, [*LIBRARY[:1], "torchvision:resnet34"])
    assert names == ["torchvision:resnet34"]
    assert 0.5 < share < 0.6
    assert nearest_in_table({}, LIBRARY) == (0.0, [])


def test_a_network_that_is_not_in_the_table_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {name: sums for name, sums in read_table().items() if "alexnet" not in name}
    monkeypatch.setattr(nearest, "read_table", lambda: table)
    monkeypatch.setattr("robustbench_ln.models.shape_table.read_table", lambda: table)
    monkeypatch.setattr(nearest, "torchvision_names", lambda: ["alexnet", "resnet18"])
    with torch.device("meta"):
        state = torchvision.models.alexnet(num_classes=3).state_dict()
    said = Message(nearest.describe_nearest(checkpoint_of(state)))
    assert said == "arch='torchvision:alexnet' fits exactly"
