"""What people's training scripts wrote: every kind is loaded as it was meant, or refused in a line.

Each case is a file that torch.save wrote, opened as `evaluate` does, with the logits of the network
that it came from. docs/models.md says the same in its table "your file is".
"""

from __future__ import annotations

import argparse
import collections
import datetime
import pathlib
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import LnBenchError
from robustbench_ln.models import build_model
from robustbench_ln.models.containers import State
from robustbench_ln.models.opened import open_network
from robustbench_ln.models.source import NetworkSource
from tests.models.saved_states import save

IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def fresh(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_model("resnet20")
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_var, 0.5, 2)
                nn.init.normal_(module.running_mean)
                nn.init.uniform_(module.weight, 0.5, 2)
    return network.eval()


NETWORK, OTHER = fresh(0), fresh(1)
W: State = NETWORK.state_dict()
V: State = OTHER.state_dict()


def under(prefix: str, state: State = W, **more: torch.Tensor) -> State:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()} | more


def head(weight: str, bias: str | None) -> State:
    """Return the weights with the head called otherwise."""
    body = {name: t for name, t in W.items() if not name.startswith("linear.")}
    biased = {} if bias is None else {bias: W["linear.bias"]}
    return {**body, weight: W["linear.weight"], **biased}


def nested(name: str, state: State = W) -> State:
    return {name.format(*key.partition(".")[::2]): t for key, t in state.items()}


class Config:
    """A class of a training script's own."""

    def __init__(self) -> None:
        self.lr = 0.1


MU, SD = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.2, 0.2])

LOADED: dict[str, Callable[[], object]] = {
    "bare": lambda: W,
    "under 'state_dict'": lambda: {"state_dict": W, "epoch": 3},
    "under 'model'": lambda: {"model": W},
    "under 'net'": lambda: {"net": W, "acc": 91.2},
    "under 'model_state_dict'": lambda: {"model_state_dict": W, "optimizer_state_dict": {"a": 1}},
    "under 'params'": lambda: {"params": W},
    "two deep": lambda: {"model": {"state_dict": W, "arch": "x"}, "epoch": 1},
    "two deep, net.model": lambda: {"net": {"model": W}},
    "three deep": lambda: {"checkpoint": {"model": {"state_dict": W}}},
    "module.": lambda: under("module."),
    "_orig_mod.": lambda: under("_orig_mod."),
    "_orig_mod.module.": lambda: under("_orig_mod.module."),
    "module. and _orig_mod. within": lambda: under("module._orig_mod.model."),
    "model.": lambda: {"state_dict": under("model.")},
    "net. with metrics": lambda: {
        "state_dict": under("net.", **{"train_acc.total": torch.tensor(3), "val_f1.tp": SD})
    },
    "backbone. and a loss": lambda: under("backbone.", **{"criterion.weight": torch.ones(10)}),
    "encoder. and the head outside": lambda: {
        (name if name.startswith("linear") else f"encoder.{name}"): t for name, t in W.items()
    },
    "encoder. and fc outside": lambda: under("encoder.", head("fc.weight", "fc.bias"))
    | {"fc.weight": W["linear.weight"], "fc.bias": W["linear.bias"]},
    "model.model.": lambda: under("model.model."),
    "network.module.": lambda: under("network.module."),
    "ema of the same weights": lambda: under("model.") | under("ema_model."),
    "averaged": lambda: under("module.", n_averaged=torch.tensor(7)),
    "fc for linear": lambda: head("fc.weight", "fc.bias"),
    "classifier for linear": lambda: head("classifier.weight", "classifier.bias"),
    "head of a Sequential": lambda: head("linear.1.weight", "linear.1.bias"),
    "head of a 1x1 convolution": lambda: W
    | {"linear.weight": W["linear.weight"][:, :, None, None]},
    "half precision": lambda: {name: t.half() if t.ndim else t for name, t in W.items()},
    "double precision": lambda: {name: t.double() if t.ndim else t for name, t in W.items()},
    "parameters": lambda: {
        name: nn.Parameter(t) if t.is_floating_point() else t for name, t in W.items()
    },
    "without counters": lambda: {n: t for n, t in W.items() if not n.endswith("tracked")},
    "an ordered dict": lambda: collections.OrderedDict(W),
    "beside an optimizer": lambda: {
        "state_dict": W,
        "optimizer": torch.optim.Adam(fresh().parameters()).state_dict(),
        "scheduler": {"last_epoch": 3, "_step_count": 4},
    },
    "beside moments of Adam": lambda: {
        "model": W,
        "optimizer": {"state": {0: {"exp_avg": torch.ones(3, 3)}}, "param_groups": [{"lr": 0.1}]},
    },
    "beside a Namespace": lambda: {"state_dict": W, "args": argparse.Namespace(lr=0.1, norm=None)},
    "beside NumPy scalars": lambda: {
        "state_dict": W,
        **{f"a{i}": kind(1) for i, kind in enumerate((np.uint8, np.int64, np.float16, np.float64))},
        "flag": np.bool_(True),
        "note": np.str_("x"),
        "complex": np.complex64(1j),
        "date": np.datetime64("2024-01-01"),
    },
    "beside NumPy arrays": lambda: {
        "state_dict": W, "hist": np.arange(4.0), "names": np.array(["a", "b"]),
    },
    "beside random states": lambda: {
        "state_dict": W, "rng": random.Random(0).getstate(),
        "numpy_rng": np.random.default_rng(0).bit_generator.state,
        "torch_rng": torch.get_rng_state(),
    },
    "beside collections": lambda: {
        "state_dict": W, "log": collections.defaultdict(list, a=[1]),
        "seen": collections.Counter("abc"), "last": collections.deque([1, 2]), "set": {1, 2},
    },
    "beside dates and paths": lambda: {
        "state_dict": W, "at": datetime.datetime(2024, 1, 1), "took": datetime.timedelta(1),
        "path": pathlib.PurePosixPath("a/b"), "epochs": range(3),
    },
    "beside a class of the script": lambda: {"state_dict": W, "config": Config()},
    "beside a dtype, a device, a size": lambda: {
        "state_dict": W, "dtype": torch.float32, "device": torch.device("cpu"),
        "size": torch.Size([1, 2]),
    },
    "beside a list of class names": lambda: {"state_dict": W, "classes": ["cat", "dog"]},
}  # fmt: skip


def open_saved(saved: object, folder: Path, **options: str) -> nn.Module:
    path = save(folder / "net.pt", saved)
    normalize = options.pop("normalize", "imagenet")
    return open_network(
        NetworkSource(path=path, arch="resnet20", **options), normalize
    ).loaded.model


def assert_same_logits(network: nn.Module, expected: nn.Module, tolerance: float = 0) -> None:
    with torch.inference_mode():
        difference = (network(IMAGES) - expected(IMAGES)).abs().max()
    assert float(difference) <= tolerance


@pytest.mark.parametrize("case", LOADED)
def test_a_file_gives_the_logits_of_its_network(tmp_path: Path, case: str) -> None:
    tolerance = 1 if case == "half precision" else 0
    assert_same_logits(open_saved(LOADED[case](), tmp_path), NETWORK, tolerance)


CHOSEN: dict[str, tuple[Callable[[], object], str, nn.Module]] = {
    "ema beside": (lambda: {"state_dict": W, "state_dict_ema": V}, "state_dict_ema", OTHER),
    "ema within": (lambda: under("ema_model.", V) | under("online_model."), "ema_model", OTHER),
    "two deep": (
        lambda: {"model": {"state_dict": W}, "e": {"state_dict": V}}, "e.state_dict", OTHER,
    ),
    "a prefix under an entry": (
        lambda: {"state_dict": under("student.") | under("teacher.", V)},
        "state_dict.teacher",
        OTHER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHOSEN)
def test_one_of_several_sets_is_chosen(tmp_path: Path, case: str) -> None:
    saved, key, expected = CHOSEN[case]
    assert_same_logits(open_saved(saved(), tmp_path, key=key), expected)


def test_the_stored_normalisation_is_taken_where_it_is_given(tmp_path: Path) -> None:
    saved = under("model.", mu=MU.view(1, 3, 1, 1), sigma=SD.view(1, 3, 1, 1))
    network = open_saved(saved, tmp_path, normalize="0.5,0.4,0.3/0.2,0.2,0.2")
    assert_same_logits(network, NETWORK)


def without(*starts: str) -> State:
    return {name: t for name, t in W.items() if not name.startswith(starts)}


ANY = "anything that is not there"
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "mu and sigma": (
        lambda: under("model.", mu=MU, sigma=SD),
        "give normalize='0.5,0.4,0.3/0.2,0.2,0.2'",
    ),
    "mean and std beside": (
        lambda: {"state_dict": W, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]},
        "give normalize='0.5,0.4,0.3/0.2,0.2,0.2'",
    ),
    "a normalisation layer": (
        lambda: nested("1.{}.{}") | {"0.mean": MU, "0.std": SD},
        "give normalize='0.5,0.4,0.3/0.2,0.2,0.2'",
    ),
    "two sets": (
        lambda: {"state_dict": W, "state_dict_ema": V},
        r"2 sets of weights \('state_dict', 'state_dict_ema'\)",
    ),
    "two prefixes": (
        lambda: under("student.") | under("teacher.", V),
        "2 sets of weights under 'student' and 'teacher'",
    ),
    "no prefix and ema": (
        lambda: W | under("ema.", V),
        "2 sets of weights under 'no prefix' and 'ema'",
    ),
    "no head": (lambda: without("linear."), "has no head"),
    "no head, encoder": (lambda: under("encoder.", without("linear.")), "has no head"),
    "a projection of self-supervision": (
        lambda: under("encoder.", without("linear."))
        | {"proj.0.weight": torch.ones(64, 64), "proj.2.weight": torch.ones(128, 64)},
        "has another head than resnet20.*'proj.0.weight'",
    ),
    "a head of two layers": (
        lambda: without("linear.")
        | {"fc.0.weight": torch.ones(32, 64), "fc.2.weight": torch.ones(10, 32)},
        "has another head than resnet20",
    ),
    "a head of other features": (
        lambda: without("linear.") | {"linear.weight": torch.ones(10, 32)},
        "'linear.weight'.*\\[10, 32\\]",
    ),
    "another network": (
        lambda: build_model("resnet32").state_dict(), "arch='resnet32' fits exactly",
    ),
    "a whole network": (
        lambda: nn.Sequential(nn.Linear(3, 4)),
        r"objects of torch.nn.*Sequential, .*: torch.save\(model.state_dict\(\), FILE\)",
    ),
    "no tensors": (lambda: {"epoch": 3}, "no weights in it"),
    "a list": (lambda: [1, 2], "expected a state dict"),
    "an optimizer alone": (
        lambda: torch.optim.SGD(fresh().parameters(), 0.1).state_dict(), "no weights in it",
    ),
    "NaN": (
        lambda: W | {"linear.bias": torch.full((10,), float("nan"))}, "10 NaN or infinite values",
    ),
    "missing layers": (lambda: without("layer3."), "does not fit resnet20"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_is_refused_in_one_line_that_helps(tmp_path: Path, case: str) -> None:
    saved, message = REFUSED[case]
    with pytest.raises(LnBenchError, match=message) as raised:
        open_saved(saved(), tmp_path)
    assert "\n" not in str(raised.value)
