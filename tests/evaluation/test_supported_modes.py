from __future__ import annotations

import pytest
from torch import nn

from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.supported_modes import choose_modes
from robustbench_ln.modes import MODES
from robustbench_ln.norms import convert_batchnorm, find_norm_layers, replace_norms
from tests.norms.networks import small_net

SHAPE = (3, 8, 8)
GROUP_NET = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4))


def names(asked: str, model: nn.Module, shape=SHAPE) -> list[str]:
    return [m.name for m in choose_modes(asked.split(","), find_norm_layers(model, shape), shape)]


def test_all_means_every_mode_the_network_supports():
    bn = ["bn", "dbn-batch", "dbn-single", "dbn-single-rot90"]
    ln = [name for name in MODES if name.startswith("ln-")]
    assert names("all", small_net()) == bn
    assert names("all", convert_batchnorm(small_net(), 4).model) == ln
    assert len(ln) == 6
    assert names("all", GROUP_NET) == ["plain"]
    assert names("all", small_net(), (3, 8, 10)) == bn[:-1]
    without = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False))
    assert names("all", without) == bn[1:]


def test_named_modes_come_in_the_tables_order_once():
    assert names("bn-adapt,bn,plain,bn", small_net()) == ["plain", "bn", "bn-adapt"]


@pytest.mark.parametrize(
    ("mode", "model", "message"),
    [
        (
            "ln-voting",
            small_net(),
            r"modes='ln-voting': needs LocalNorm groups.*robustbench_ln.convert",
        ),
        ("dbn-batch", GROUP_NET, "needs BatchNorm, and the network has none; use modes='plain'"),
        ("bn", GROUP_NET, "needs BatchNorm"),
        ("ln-single", GROUP_NET, "no BatchNorm2d to make them from either; use modes='plain'$"),
        (
            "ln-single",
            replace_norms(small_net(), "switch", num_groups=1).model,
            "no BatchNorm2d to make them from either; use a dbn-\\* mode$",
        ),
        ("dbn-batch", convert_batchnorm(small_net(), 2).model, "use an ln-\\* mode"),
        ("plain", convert_batchnorm(small_net(), 2).model, "no running statistics.*an ln-\\* mode"),
        ("bn", convert_batchnorm(small_net(), 2).model, "needs one gamma and beta"),
        ("bn-batch", small_net(), "unknown mode 'bn-batch'; did you mean 'dbn-batch'"),
        (
            "bn-adapt",
            nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)),
            "mixes in running statistics",
        ),
        (
            "dbn-single",
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3)),
            "every norm layer keeps its running statistics",
        ),
    ],
)
def test_a_mode_that_the_network_cannot_do_is_an_error(mode, model, message):
    with pytest.raises(SpecError, match=message):
        names(mode, model)


def test_rotations_need_square_images():
    with pytest.raises(SpecError, match="images are 8x10; make them square: crop="):
        names("dbn-single-rot90", small_net(), (3, 8, 10))
