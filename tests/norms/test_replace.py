"""Modules are put in place of others by their names."""

from __future__ import annotations

import pytest
from torch import nn

from robustbench_ln.norms.replace import replace_modules


def network() -> nn.Module:
    return nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU(), nn.Tanh()))


def test_layers_are_replaced_where_they_are_and_no_others():
    model, first, inner = network(), nn.Identity(), nn.Sigmoid()
    assert replace_modules(model, {"0": first, "1.1": inner}) is model
    assert model[0] is first
    assert model[1][1] is inner
    assert [type(m).__name__ for m in model.modules()] == [
        "Sequential", "Identity", "Sequential", "ReLU", "Sigmoid",
    ]  # fmt: skip


def test_the_root_is_replaced_by_being_returned():
    model, other = network(), nn.Identity()
    assert replace_modules(model, {"": other}) is other
    assert replace_modules(model, {}) is model


def test_a_name_that_is_not_there_is_an_error():
    with pytest.raises(AttributeError):
        replace_modules(network(), {"1.none.0": nn.Identity()})
