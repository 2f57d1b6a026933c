"""The identity check sees what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robustbench_ln.errors import LayoutError
from robustbench_ln.evaluation import conversion
from robustbench_ln.evaluation.conversion import Conversion, convert_network
from robustbench_ln.models import Checkpoint, LoadedModel
from robustbench_ln.norms import Converted, replace_norms
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
    for norm, num_groups in (("local", 3), ("renorm", None), ("batch", None)):
        identity = convert(norm, num_groups).identity
        assert identity.difference <= 1e-5 * identity.scale
    assert all(convert(norm).identity is None for norm in ("switch", "group", "layer", "instance"))
    assert convert("local", 3).eps == "1e-05,0.001"


@pytest.mark.parametrize(
    ("norm", "num_groups", "wrong"),
    [("local", 3, lambda layer: layer.weight[-1]), ("renorm", None, lambda x: x.running_var)],
)
def test_a_wrong_conversion_shows(monkeypatch, norm, num_groups, wrong):
    def spoil(model: torch.nn.Module, norm: str, *, num_groups: int) -> Converted:
        converted = replace_norms(model, norm, num_groups=num_groups)
        with torch.no_grad():
            wrong(converted.model.bn2).add_(1)  # of LocalNorm the last group alone
        return converted

    monkeypatch.setattr(conversion, "replace_norms", spoil)
    identity = convert(norm, num_groups).identity
    assert identity.difference > 1e-2 * identity.scale


def test_nothing_to_convert_is_said():
    local = replace_norms(small_net(), "local", num_groups=2).model
    with pytest.raises(LayoutError, match="nothing to convert"):
        convert_network(
            loaded(local), "group", num_groups=None, group_size=None, image_shape=(3, 8, 8)
        )
