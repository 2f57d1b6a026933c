"""Two processes against one: loss, gradients, weights and momentum."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.training.two_processes import DTYPES, NETWORKS, ten_steps

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory) -> dict[tuple[str, str], dict[str, torch.Tensor]]:
    """What two processes come to, for each network and precision."""
    folder = tmp_path_factory.mktemp("two")
    words = [sys.executable, "-m", "tests.training.two_processes"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [*words, str(rank), "2", str(folder / "store"), str(folder / "found.pt")],
            cwd=ROOT, env=environment,
        )
        for rank in range(2)
    ]  # fmt: skip
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    found: dict[tuple[str, str], dict[str, torch.Tensor]] = torch.load(folder / "found.pt")
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-6), ("float64", 1e-12)])
def test_two_processes_do_the_steps_of_one(of_two, name, precision, bound):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    one = ten_steps(name, DTYPES[precision])
    torch.set_num_threads(threads)
    two = of_two[name, precision]
    assert one.keys() == two.keys()
    assert {kind.partition(" ")[0] for kind in one} == {
        "loss", "correct", "gradient", "weight", "momentum"
    }  # fmt: skip
    assert float(one["loss 9"]) != float(one["loss 0"])
    worst = {key: float((one[key].double() - two[key].double()).abs().max()) for key in one}
    assert max(worst.values()) <= bound, max(worst.items(), key=lambda entry: entry[1])
