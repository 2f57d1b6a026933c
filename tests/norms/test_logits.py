"""The logits are found in whatever a network returns, or what it returns is named."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import (
    StatisticsLayout,
    convert_batchnorm,
    count_classes,
    describe_output,
    take_logits,
    with_statistics,
)

LOGITS = torch.arange(6.0).reshape(2, 3)
FEATURES = torch.ones(2, 5)
MAPS = torch.ones(2, 3, 4, 4)
Heads = namedtuple("Heads", ["logits", "aux"])
Pair = namedtuple("Pair", ["scores", "maps"])


@dataclass
class Output:
    scores: Tensor
    loss: Tensor | None = None
    count: int = 3


OUTPUTS: dict[str, Any] = {
    "tensor": LOGITS,
    "dict of one": {"out": LOGITS},
    "dict with features": {"logits": LOGITS, "features": FEATURES},
    "ordered dict, other shapes": OrderedDict(loss=torch.tensor(1.0), out=LOGITS, maps=MAPS),
    "tuple": (LOGITS, MAPS),
    "list": [MAPS, LOGITS],
    "named tuple": Pair(LOGITS, MAPS),
    "auxiliary head": Heads(LOGITS, FEATURES[:, :3]),
    "dataclass": Output(LOGITS),
    "attribute": SimpleNamespace(logits=LOGITS, hidden=FEATURES),
    "nested": {"head": {"logits": LOGITS}, "hidden": [FEATURES, FEATURES]},
    "integers beside": (LOGITS, torch.ones(2, 3, dtype=torch.int64)),
    "other number of rows beside": (torch.ones(7, 3), LOGITS),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_logits_are_found(name: str) -> None:
    assert take_logits(OUTPUTS[name], 2) is LOGITS


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ((LOGITS, FEATURES), r"returns tuple of '0' \[2, 3\], '1' \[2, 5\]; expected logits \[N"),
        ({"a": LOGITS, "b\n": LOGITS}, r"returns dict of 'a' \[2, 3\], 'b\\n' \[2, 3\]; expected"),
        ({"x": {"logits": LOGITS}, "logits": LOGITS}, r"of 'x.logits' \[2, 3\], 'logits' \[2, 3"),
        ({"out": MAPS}, r"returns dict of 'out' \[2, 3, 4, 4\]; expected"),
        ([LOGITS] * 8, r"'5' \[2, 3\] and 2 more; expected"),
        (None, r"returns NoneType; expected"),
        ({}, r"returns dict; expected"),
        ("logits", r"returns str; expected"),
    ],
)
def test_other_outputs_are_named(output: Any, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        take_logits(output, 2)


def test_a_second_head_is_refused_where_one_is_demanded() -> None:
    assert take_logits(OUTPUTS["dict with features"], 2, is_only_head=True) is LOGITS
    with pytest.raises(LayoutError, match="returns Heads of 'logits'"):
        take_logits(OUTPUTS["auxiliary head"], 2, is_only_head=True)


def test_an_output_that_holds_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(LayoutError, match="returns list; expected"):
        take_logits(endless, 2)


def test_shapes_are_named() -> None:
    assert describe_output(MAPS) == "[2, 3, 4, 4]"


class Returning(nn.Module):
    """A small network whose output is made by `wrap` of logits [N, 4]."""

    def __init__(self, wrap: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.wrap = wrap

    def forward(self, images: Tensor) -> Any:
        return self.wrap(self.norm(self.conv(images)).relu().mean(dim=(2, 3)))


@pytest.mark.parametrize("num_groups", [None, 2])
@pytest.mark.parametrize(
    "layout",
    [
        StatisticsLayout.running(),
        StatisticsLayout.image(),
        StatisticsLayout.rot90(),
        StatisticsLayout.batch(4),
        StatisticsLayout.set(2),
    ],
    ids=lambda layout: layout.name,
)
def test_every_layout_takes_them(layout: StatisticsLayout, num_groups: int | None) -> None:
    torch.manual_seed(3)
    bare: nn.Module = Returning(lambda logits: logits)
    if num_groups is not None:
        if layout.name == "running":
            pytest.skip("LocalNorm has no running statistics")
        bare = convert_batchnorm(bare, num_groups).model
    wrapped = Returning(lambda logits: {"features": torch.ones(len(logits), 9), "logits": logits})
    if num_groups is not None:
        wrapped = convert_batchnorm(wrapped, num_groups).model
    wrapped.load_state_dict(bare.state_dict())
    images, shape = torch.rand(4, 3, 8, 8), (3, 8, 8)
    expected = with_statistics(bare, layout, image_shape=shape)(images)
    assert expected.shape == (4, 4)
    assert torch.equal(with_statistics(wrapped, layout, image_shape=shape)(images), expected)
    assert count_classes(wrapped, shape) == 4


def test_counting_classes_names_what_there_is() -> None:
    pair = Returning(lambda logits: (logits, logits))
    with pytest.raises(LayoutError, match=r"tuple of '0' \[2, 4\], '1' \[2, 4\]; expected logits"):
        count_classes(pair, (3, 8, 8))
    with pytest.raises(LayoutError, match=r"returns \[2, 4, 1\]; expected logits"):
        count_classes(Returning(lambda logits: logits[..., None]), (3, 8, 8))
