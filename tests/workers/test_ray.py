"""On a real Ray of two nodes: the rows and bytes of one process, whatever happens to a node."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustbench_ln as ln
from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data import load_images
from robustbench_ln.errors import WorkerError
from robustbench_ln.models.user_model import build_user_model
from robustbench_ln.runs.records import read_records
from robustbench_ln.workers import cluster as cluster_module
from robustbench_ln.workers.engine import Engine
from robustbench_ln.workers.portable import pack

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]

NETWORK = """
from torch import nn
from ray_beside import WIDTH

class Net(nn.Sequential):
    pass

def network():
    return Net(
        nn.Conv2d(1, WIDTH, 3), nn.BatchNorm2d(WIDTH), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, 10),
    )
"""


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Ray of two nodes of one core each."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


def rows(run: Path) -> list[str]:
    found = [json.loads(record.to_line()) for record in read_records(run)]
    return [json.dumps(row | {"seconds": None}, sort_keys=True) for row in found]


def predictions(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "predictions").iterdir()}


def units_on(node: Any) -> int:
    """How many processes of a node do units just now."""
    raylet = node.all_processes["raylet"][0].process.pid
    children = Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()
    names = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    return sum(name.startswith(b"ray::") and b"IDLE" not in name for name in names)


def measure(out: Path, **engine: Any) -> None:
    ln.evaluate(
        "demo:batchnorm", "demo:digits", noises=["agn", "apn"], sigmas=np.arange(1, 13) / 12,
        modes=["bn", "dbn-batch"], out=out, **engine,
    )  # fmt: skip


def test_a_killed_node_loses_and_changes_nothing(nodes: Any, tmp_path: Path) -> None:
    measure(tmp_path / "one", workers=1)
    seen: list[tuple[int, int]] = []

    def kill() -> None:
        cells = tmp_path / "ray/cells.jsonl"
        while not (cells.is_file() and cells.read_bytes().count(b"\n") >= 12):
            time.sleep(0.01)
        while not (busy := units_on(nodes.second)):
            time.sleep(0.01)
        seen.append((busy, cells.read_bytes().count(b"\n")))
        nodes.remove_node(nodes.second, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    measure(tmp_path / "ray", engine="ray", ray_address=nodes.address)
    killer.join()
    ((busy, done),) = seen
    assert busy >= 1, "the node that is killed does units"
    assert 12 <= done < len(rows(tmp_path / "one"))
    assert rows(tmp_path / "ray") == rows(tmp_path / "one")
    assert predictions(tmp_path / "ray") == predictions(tmp_path / "one")


def test_code_of_the_user_travels_and_other_versions_are_refused(
    nodes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "net.py").write_text(NETWORK)
    (folder / "ray_beside.py").write_text("WIDTH = 6\n")
    network = build_user_model(f"{folder}/net.py:network")
    asked = {"normalize": "none", "noises": "agn", "sigmas": [0.5], "limit": 200}
    ln.evaluate(network, "demo:digits", out=tmp_path / "one", workers=1, **asked)
    there = {"engine": "ray", "ray_address": nodes.address}

    def pack_and_hide(task: Any) -> Any:
        parcel = pack(task)
        for file in folder.glob("*.py"):
            file.unlink()
        return parcel

    monkeypatch.setattr(cluster_module, "pack", pack_and_hide)
    ln.evaluate(network, "demo:digits", out=tmp_path / "ray", **there, **asked)
    assert rows(tmp_path / "ray") == rows(tmp_path / "one")
    other = cluster_module.installation() | {"torch": "1.0"}
    monkeypatch.setattr(cluster_module, "installation", lambda: other)
    monkeypatch.setattr(cluster_module, "pack", pack)
    with pytest.raises(WorkerError, match=r"has torch .*, this machine 1\.0; install the same"):
        ln.evaluate("demo:batchnorm", "demo:digits", out=tmp_path / "other", **there, **asked)
    assert not (tmp_path / "other").exists()


def test_a_local_ray_makes_the_bytes_of_a_set(tmp_path: Path) -> None:
    conditions = noise_conditions(["agn"], sigmas=[0.5, 1.0], pixel_range="rescale")[1:]
    images = load_images("demo:digits")
    spec = GenerationSpec(conditions=conditions, format="npz", limit=300)
    for name, engine in (("one", Engine()), ("ray", Engine(name="ray"))):
        options = GenerationOptions(workers=1, engine=engine)
        generate(images, spec, out=tmp_path / name, options=options)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.npz")}
        for name in ("one", "ray")
    )
    assert first == second
    assert len(first) == 2


def test_a_process_that_dies_is_replaced_and_a_unit_that_kills_is_named(tmp_path: Path) -> None:
    from tests.workers.test_cluster import do

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    assert list(do([1, 2, "die_once", 3], tmp_path, workers=2)) == [11, 14, -1, 19]
    done: list[int] = []
    with pytest.raises(WorkerError, match="process or machine that did die was lost 4 times"):
        done.extend(do([1, 2, "die", 4], tmp_path, workers=2))
    assert done == [11, 14]
