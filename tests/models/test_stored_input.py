"""A normalisation that a file stores is never dropped in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import build_model, read_checkpoint
from robustbench_ln.models.opened import open_network
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.models.stored_input import find_stored_input
from tests.models.saved_states import save

MEAN, STD = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
VALUES = (torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1))
TEXT = "0.4914,0.4822,0.4465/0.247,0.2435,0.2616"


def state(prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}{name}": t for name, t in build_model("resnet20").state_dict().items()}


def named(first: str, second: str) -> dict[str, Any]:
    return {first: VALUES[0], second: VALUES[1]}


FILES = {
    "beside a prefix": lambda: state("model.") | named("mu", "sigma"),
    "beside the network": lambda: state() | named("mean", "std"),
    "a module of its own": lambda: state("1.") | named("0.mean", "0.std"),
    "under the prefix": lambda: state("model.") | named("model.mu", "model.sigma"),
    "of the library robustness": lambda: (
        state("module.model.") | named("module.normalizer.new_mean", "module.normalizer.new_std")
    ),
    "in the container": lambda: {"state_dict": state(), "mean": MEAN, "std": STD},
    "in a table of the container": lambda: {"net": state(), "norm": {"mean": MEAN, "std": STD}},
    "tensors of the container": lambda: {"net": state(), "t": named("mean", "std")},
    "on the scale 0..255": lambda: (
        state("model.") | {"p.mean": VALUES[0] * 255, "p.std": VALUES[1] * 255}
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_stored_values_must_be_given(tmp_path: Path, case: str) -> None:
    path = save(tmp_path / "net.pt", FILES[case]())
    source = NetworkSource(path=path, arch="resnet20")
    for normalize in ("imagenet", "none", None):
        with pytest.raises(CheckpointError, match="normalised the input itself") as caught:
            open_network(source, normalize)
        assert str(caught.value).endswith(f"give normalize='{TEXT}'")
    for normalize in (TEXT, "cifar10"):
        assert open_network(source, normalize).normalize == normalize


def test_statistics_of_batchnorm_and_single_numbers_are_no_normalisation() -> None:
    assert find_stored_input({"bn.running_mean": torch.ones(3), "bn.running_std": VALUES[1]}) == ()
    assert find_stored_input({"mean": 0.93, "std": 0.01}) == ()
    assert find_stored_input({"mean": VALUES[0]}) == ()
    assert find_stored_input({"a.mean": VALUES[0], "b.std": VALUES[1]}) == ()
    assert find_stored_input({"mean": torch.ones(64), "std": torch.ones(64)}) == ()


def test_two_pairs_are_refused(tmp_path: Path) -> None:
    saved = state("model.") | named("a.mu", "a.sigma")
    saved |= {"b.mu": torch.tensor([0.0]), "b.sigma": torch.tensor([1.0])}
    source = NetworkSource(path=save(tmp_path / "net.pt", saved), arch="resnet20")
    for normalize in ("none", "cifar10"):
        with pytest.raises(CheckpointError, match=f"stores 2 normalisations .*, {TEXT} and 0/1;"):
            open_network(source, normalize)


def test_the_same_pair_twice_is_one(tmp_path: Path) -> None:
    saved = state("model.") | named("a.mu", "a.sigma") | named("b.mean", "b.std")
    source = NetworkSource(path=save(tmp_path / "net.pt", saved), arch="resnet20")
    assert open_network(source, "cifar10").normalize == "cifar10"


def test_one_value_stands_for_all_channels(tmp_path: Path) -> None:
    saved = state("net.") | {"mean": torch.tensor([0.5]), "std": torch.tensor([0.5])}
    source = NetworkSource(path=save(tmp_path / "net.pt", saved), arch="resnet20")
    assert open_network(source, "symmetric").normalize == "symmetric"
    with pytest.raises(CheckpointError, match="give normalize='0.5/0.5'"):
        open_network(source, "none")


def test_the_tensors_are_kept_beside_the_weights(tmp_path: Path) -> None:
    saved = {"net": state(), "mean": MEAN, "std": STD, "epoch": 3}
    assert read_checkpoint(save(tmp_path / "net.pt", saved)).beside == {"mean": MEAN, "std": STD}
