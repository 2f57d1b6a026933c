"""Where the network runs, if this machine has it."""

from __future__ import annotations

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.models.device import check_device


def test_every_machine_has_a_cpu():
    assert check_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["gpu", "", "cuda:99", "meta", "cpu:x"])
def test_what_is_not_here_is_one_line_with_the_way_out(name):
    with pytest.raises(SpecError) as caught:
        check_device(name)
    message = str(caught.value)
    assert message.startswith(f"device={name!r}: ")
    assert message.endswith("; use device='cpu'")
    assert "\n" not in message
