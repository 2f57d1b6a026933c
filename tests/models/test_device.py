"""Where the network runs, if this machine has it."""

from __future__ import annotations

import pytest
import torch

from robustbench_ln.errors import SpecError
from robustbench_ln.models import device
from robustbench_ln.models.device import check_device, choose_devices


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


def test_a_word_that_is_no_device_is_answered_with_those_that_are():
    with pytest.raises(SpecError, match="^device='gpu': no such device; expected cpu, "):
        check_device("gpu")


@pytest.fixture
def _one_gpu(monkeypatch):
    """A machine with cuda:0 alone."""

    def check(name: str) -> str:
        if name not in ("cpu", "cuda", "cuda:0"):
            raise SpecError(f"device={name!r}: invalid device ordinal; use device='cpu'")
        return name

    monkeypatch.setattr(device, "check_device", check)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


@pytest.mark.usefixtures("_one_gpu")
def test_a_device_is_chosen_and_one_gpu_may_be_named_alone():
    assert choose_devices("auto") == ("cuda",)
    assert choose_devices("cuda:0") == ("cuda:0",)
    assert choose_devices("cpu") == ("cpu",)


@pytest.mark.usefixtures("_one_gpu")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cuda:0,cuda:1", "device='cuda:1': invalid device ordinal"),
        ("cuda:0,cuda:0", "names a device twice"),
        ("cuda:0,cuda", "several devices are GPUs with their numbers"),
        ("cpu,cuda:0", "the cores of a CPU are workers="),
        ("cpu,cpu", "the cores of a CPU are workers="),
        ("cuda:0,", "invalid device ordinal"),
    ],
)
def test_devices_that_are_not_there_are_one_line(text, says):
    with pytest.raises(SpecError, match=says):
        choose_devices(text)


def test_without_a_gpu_auto_is_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_devices("auto") == ("cpu",)
