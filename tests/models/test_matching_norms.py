"""A checkpoint of any norm is loaded by the name of its network alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import (
    ARCHITECTURES,
    Checkpoint,
    build_model,
    load_model,
    load_weights,
    nearest,
)
from robustbench_ln.norms import NORMS, replace_norms

RESNET20 = ARCHITECTURES["resnet20"]
ALIKE = ("group", "layer", "instance")


def checkpoint_of(network: nn.Module, **metadata: str | float) -> Checkpoint:
    return Checkpoint(
        path=Path("net.pt"), sha256="0" * 64, state=network.state_dict(), key=None, prefix="",
        metadata=metadata,
    )  # fmt: skip


def with_norm(network: nn.Module, norm: str) -> nn.Module:
    return replace_norms(network, norm, num_groups=3).model.eval()


@pytest.mark.parametrize("norm", NORMS)
def test_every_norm_is_loaded_by_the_networks_name(norm: str) -> None:
    saved = with_norm(build_model("resnet20"), norm)
    metadata = {"norm": norm} if norm in ALIKE else {}
    loaded = load_model(checkpoint_of(saved, **metadata), RESNET20)
    assert [type(m) for m in loaded.model.modules()] == [type(m) for m in saved.modules()]
    assert loaded.num_groups == (3 if norm == "local" else 1)
    images = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(loaded.model(images), saved(images))


@pytest.mark.parametrize("stated", ["group", "swtich", 2.0])
def test_the_weights_decide_where_they_can(stated: str | float) -> None:
    """Other people's files may have a `norm` of another meaning."""
    network = build_model("resnet20")
    loaded = load_model(checkpoint_of(network, norm=stated), RESNET20)
    assert type(loaded.model.get_submodule("bn1")) is nn.BatchNorm2d


def test_without_metadata_norms_that_look_alike_are_refused() -> None:
    saved = with_norm(build_model("resnet20"), "group")
    with pytest.raises(
        CheckpointError, match="net.pt: its norm layers have gamma and .*: group, layer"
    ):
        load_model(checkpoint_of(saved), RESNET20)
    own = nn.Sequential(nn.BatchNorm2d(4, track_running_stats=False))
    assert load_weights(checkpoint_of(own), own, name="net.py:build").model is own


def test_a_users_network_that_has_the_norm_already() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4))

    loaded = load_weights(checkpoint_of(build(), norm="group"), build(), name="net.py:build")
    assert loaded.model.get_submodule("1").num_groups == 2


def test_the_right_network_is_named_for_other_norms_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "torchvision_names", list)
    for norm in ("switch", "instance"):
        saved = with_norm(build_model("resnet20", num_classes=7), norm)
        with pytest.raises(CheckpointError, match="arch='resnet20' fits exactly"):
            load_model(checkpoint_of(saved, norm=norm), ARCHITECTURES["resnet32"])
