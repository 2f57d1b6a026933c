from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.workers.engine import Engine
from tests.workers.fake_ray import FakeRay


@pytest.fixture
def _has_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", FakeRay())


def test_without_the_extra_one_line_says_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setattr("robustbench_ln.workers.engine.find_spec", lambda _: None)
    with pytest.raises(SpecError) as caught:
        Engine(name="ray")
    assert str(caught.value) == ("engine='ray' needs the package ray: pip install 'ray>=2.40'")
    assert not Engine().is_ray


def test_nothing_imports_ray_until_it_is_asked_for() -> None:
    code = (
        "import sys, robustbench_ln as ln; ln.evaluate; "
        "import robustbench_ln.cli.main, robustbench_ln.workers.cluster, "
        "robustbench_ln.corrupted_sets.writer, robustbench_ln.evaluation.request; "
        "assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("_has_ray")
@pytest.mark.parametrize(
    "address", [None, "auto", "10.0.0.1:6379", "head:1", "node-1.example.org:65535", "[::1]:6379"]
)
def test_addresses(address: str | None) -> None:
    assert Engine(name="ray", address=address).address == address


@pytest.mark.usefixtures("_has_ray")
@pytest.mark.parametrize(
    "address",
    ["", "head", "head:", ":6379", "head:port", "head:65536", "ray://head:10001", "http://head:1",
     "head:6379\n", "a b:1", "head:6379/x", "local", "AUTO", "-:" * 400],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SpecError, match=r"ray_address=.*: expected HOST:PORT of a cluster"):
        Engine(name="ray", address=address)


@pytest.mark.usefixtures("_has_ray")
@pytest.mark.parametrize("gpus", [0, -1, 1.5, 17, math.nan, math.inf])
def test_shares_of_a_gpu_that_cannot_be(gpus: float) -> None:
    with pytest.raises(SpecError, match=r"ray_gpus=.*: expected GPUs of one unit"):
        Engine(name="ray", gpus=gpus)
    for fine in (0.01, 0.25, 1, 2, 16):
        assert Engine(name="ray", gpus=fine).gpus == fine


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "rey"}, "unknown engine 'rey'; did you mean 'ray'"),
        ({"name": "slurm"}, "unknown engine 'slurm'"),
        ({"address": "head:1"}, "ray_address= is for engine='ray'"),
        ({"gpus": 0.5}, "ray_gpus= is for engine='ray'"),
    ],
)
def test_what_would_be_ignored_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Engine(**fields)


@pytest.mark.usefixtures("_has_ray")
def test_ray_chooses_the_gpu() -> None:
    for fine in ("cpu", "cuda"):
        Engine(name="ray").check_device(fine)
    Engine().check_device("cuda:0,cuda:1")
    for wrong in ("cuda:0", "cuda:0,cuda:1"):
        with pytest.raises(SpecError, match=r"engine='ray' chooses the GPUs; give device='cuda'"):
            Engine(name="ray").check_device(wrong)
