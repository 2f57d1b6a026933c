"""The identity check sees what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robustbench_ln.errors import LayoutError, SpecError
from robustbench_ln.models import Checkpoint, LoadedModel, conversion
from robustbench_ln.models.conversion import Conversion, convert_network
from robustbench_ln.norms import Converted, LocalNorm2d, replace_norms
from tests.norms.networks import small_net


def loaded(model: torch.nn.Module) -> LoadedModel:
    checkpoint = Checkpoint(
        path=Path("net.pt"), sha256="0" * 64, state={}, key=None, prefix="", metadata={}
    )
    return LoadedModel(
        model=model, checkpoint=checkpoint, network="small", num_classes=5, num_groups=1
    )


def convert(norm: str, num_groups: int | None = None) -> Conversion:
    return convert_network(
        loaded(small_net()), norm, num_groups=num_groups, group_size=None, image_shape=(3, 8, 8)
    )


def test_each_norm_has_the_identity_it_should():
    for norm in ("local", "renorm", "ghost", "noisy", "batch"):
        identity = convert(norm, 4 if norm == "local" else None).identity
        assert identity.difference <= 1e-5 * identity.scale
    for norm in ("switch", "group", "layer", "instance", "l1", "linf"):
        assert convert(norm).identity is None
    assert convert("local", 4).eps == "1e-05,0.001"


@pytest.mark.parametrize(
    ("norm", "num_groups", "wrong"),
    [
        ("local", 4, lambda layer: layer.weight[-1]),
        ("renorm", None, lambda layer: layer.running_var),
        ("ghost", None, lambda layer: layer.running_mean),
    ],
)
def test_a_wrong_conversion_is_refused(monkeypatch, norm, num_groups, wrong):
    def spoil(model: torch.nn.Module, norm: str, *, num_groups: int) -> Converted:
        converted = replace_norms(model, norm, num_groups=num_groups)
        with torch.no_grad():
            wrong(converted.model.bn2).add_(1)  # of LocalNorm the last group alone
        return converted

    monkeypatch.setattr(conversion, "replace_norms", spoil)
    with pytest.raises(
        LayoutError, match=r"BatchNorm.* differ by .* expected at most 0.0001 of that"
    ):
        convert(norm, num_groups)


def test_a_layer_that_trains_otherwise_than_it_is_evaluated_is_refused(monkeypatch):
    own = LocalNorm2d.forward
    monkeypatch.setattr(LocalNorm2d, "forward", lambda self, x: own(self, x.flip(0)).flip(0) + 0.01)
    with pytest.raises(LayoutError, match="LocalNorm as it trains and Dynamic BatchNorm"):
        convert("local", 4)


def test_a_norm_after_a_linear_layer_keeps_its_running_statistics():
    network = loaded(small_net(norm_after_linear=True))
    made = convert_network(network, "local", num_groups=4, group_size=None, image_shape=(3, 8, 8))
    assert made.identity.difference <= 1e-5 * made.identity.scale


@pytest.mark.parametrize(("num_groups", "nearest"), [(7, 8), (300, 128), (100, 128)])
def test_groups_that_do_not_divide_the_batch_need_a_group_size(num_groups, nearest):
    message = f"num_groups={num_groups} does not divide .* of 128 images; use {nearest}, or give"
    with pytest.raises(SpecError, match=message):
        convert("local", num_groups)


def test_nothing_to_convert_is_said():
    local = replace_norms(small_net(), "local", num_groups=2).model
    with pytest.raises(LayoutError, match="nothing to convert"):
        convert_network(
            loaded(local), "group", num_groups=None, group_size=None, image_shape=(3, 8, 8)
        )
