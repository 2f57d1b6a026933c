"""What is ours of a run on Ray, on a Ray that is not one: order, limits, refusals, cleaning up."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustbench_ln
from robustbench_ln.errors import SpecError, WorkerError
from robustbench_ln.workers import node
from robustbench_ln.workers.cluster import Cluster
from robustbench_ln.workers.crew import open_crew
from robustbench_ln.workers.engine import Engine
from tests.workers.fake_ray import FakeRay, RayError, RayTaskError, WorkerCrashedError
from tests.workers.sample_tasks import Squares


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(node, "keep_freed_memory", lambda: True)
    return fake


@pytest.fixture(autouse=True)
def _same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"):
        monkeypatch.setenv(name, "before")


def do(units: Any, folder: Path, *, workers: int | None = None, told: Any = None, **engine: Any):
    task = Squares(np.arange(5), folder)
    advance = (told if told is not None else []).append
    with (
        Cluster(Engine(name="ray", **engine), workers) as cluster,
        open_crew(task, workers or 0, cluster, advance=advance) as crew,
    ):
        yield from (value for value, _ in crew.map(units))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("workers", [None, 1, 3])
def test_results_come_in_the_order_of_the_units(ray, tmp_path, backwards, workers) -> None:
    ray.backwards = backwards
    told: list[int] = []
    found = list(do(range(40), tmp_path, workers=workers, told=told))
    assert found == [number**2 + 10 for number in range(40)]
    assert told == [1] * 40
    assert ray.most_running == (workers or 4)
    assert ray.calls[-1] == "shutdown"


def test_a_straggler_holds_up_a_bounded_number_of_units(ray, tmp_path) -> None:
    ray.backwards = True
    asked: list[int] = []

    def units():
        for number in range(1000):
            asked.append(number)
            yield number

    assert next(do(units(), tmp_path, workers=2)) == 10
    assert len(asked) <= 8 * 2 + 2


def test_ray_is_started_here_without_statistics_and_ended(ray, tmp_path) -> None:
    assert list(do([2], tmp_path, workers=2)) == [14]
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    kind, options = ray.calls[0]
    assert (kind, options["address"], options["num_cpus"]) == ("init", "local", 2)
    assert options["include_dashboard"] is False
    assert ray.calls[1] == ("options", {"num_cpus": 1, "num_gpus": 0, "max_retries": 3})


def test_a_session_that_has_ray_keeps_it(ray, tmp_path) -> None:
    ray.init()
    assert list(do([2], tmp_path)) == [14]
    assert "shutdown" not in ray.calls
    assert ray.is_initialized()


def test_an_error_of_a_unit_is_the_error_and_names_the_node(ray, tmp_path) -> None:
    done = []
    with pytest.raises(SpecError) as caught:
        done.extend(do([1, "refuse", 3], tmp_path))
    assert str(caught.value) == f"stat_batch= is wrong (on node {socket.gethostname()})"
    assert caught.value.message.spelled(lambda name: f"--{name}").startswith("--stat_batch is")
    with pytest.raises(RuntimeError, match=r"on node .*:\n(.*\n)+ZeroDivisionError: a fault"):
        list(do(["fail"], tmp_path))
    with pytest.raises(MemoryError):
        list(do(["starve"], tmp_path))
    assert ray.calls[-1] == "shutdown"


def test_what_is_finished_comes_before_the_error_and_the_rest_is_cancelled(ray, tmp_path) -> None:
    ray.crashes[3] = WorkerCrashedError("the worker died\nunexpectedly")
    done = []
    with pytest.raises(WorkerError) as caught:
        done.extend(do(range(20), tmp_path))
    assert done == [10, 11]  # the task itself is number 0
    assert str(caught.value) == (
        "the process or machine that did 2 was lost 4 times (the worker died); what was finished "
        "is kept"
    )
    assert "cancel" in ray.calls


def test_a_machine_that_cannot_read_the_task_is_one_line(ray, tmp_path) -> None:
    ray.crashes[1] = RayTaskError("No module named 'numpy'")
    with pytest.raises(WorkerError, match=r"a machine of the cluster cannot do 0 \(No module nam"):
        list(do([0], tmp_path))


@pytest.mark.parametrize("name", ["robustbench_ln", "torch", "Python"])
def test_another_version_on_a_node_is_refused(ray, tmp_path, monkeypatch, name) -> None:
    here = node.installation()
    monkeypatch.setattr(
        "robustbench_ln.workers.cluster.installation", lambda: here | {name: "0.0.9"}
    )
    with pytest.raises(WorkerError) as caught:
        list(do([0], tmp_path))
    assert str(caught.value) == (
        f"node {socket.gethostname()} of the cluster has {name} {here[name]}, this machine 0.0.9; "
        "install the same versions on all machines"
    )


def test_the_version_of_the_package_is_that_of_its_files() -> None:
    found = node.installation()
    version, digest = found["robustbench_ln"].split(" ")
    assert len(digest) == 14
    assert version == robustbench_ln.__version__


def test_a_node_without_the_package_is_refused(ray, tmp_path, monkeypatch) -> None:
    def drop(*_: object) -> None:
        monkeypatch.setitem(sys.modules, "robustbench_ln.workers.node", None)
        monkeypatch.delattr("robustbench_ln.workers.node")

    units = do((drop() or 0 for _ in "x"), tmp_path)
    with pytest.raises(WorkerError, match="of the cluster cannot import robustbench_ln"):
        next(units)


def test_a_node_without_a_module_is_refused(ray, tmp_path, monkeypatch) -> None:
    def lacks(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'timm'", name="timm")

    monkeypatch.setattr(node, "unpack", lacks)
    with pytest.raises(WorkerError, match="of the cluster lacks the module timm; install the"):
        list(do([0], tmp_path))


def test_no_machine_left_is_one_line(ray, tmp_path) -> None:
    units = do(range(9), tmp_path)
    assert next(units) == 10
    ray.resources["CPU"] = 0
    with pytest.raises(WorkerError, match="no machine of the cluster is left .*; what was finish"):
        list(units)


def test_gpus_are_shared_as_asked(ray, tmp_path) -> None:
    ray.resources |= {"CPU": 16, "GPU": 2}
    with Cluster(Engine(name="ray", gpus=0.25), None, uses_gpus=True) as cluster:
        assert cluster.slots() == 8
        cluster.open_crew(Squares(np.arange(2), tmp_path), print)
    assert ray.calls[-2][1]["num_gpus"] == 0.25
    with Cluster(Engine(name="ray"), None) as cluster:
        assert cluster.slots() == 16


def test_a_cluster_without_a_gpu_is_refused(ray) -> None:
    words = "a unit needs 1 core and 1 GPUs, all machines of Ray have 2 cores and 0 GPUs"
    with pytest.raises(WorkerError, match=words), Cluster(Engine(name="ray"), None, uses_gpus=True):
        pass
    assert ray.calls[-1] == "shutdown"


def test_an_address_where_nobody_listens_is_one_line(ray) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        engine = Engine(name="ray", address=f"127.0.0.1:{port}")
        with pytest.raises(WorkerError, match=rf"ray_address='127.0.0.1:{port}': nobody answers"):
            Cluster(engine, None).__enter__()
    assert ray.calls == []


def test_a_cluster_that_is_none_is_one_line(ray, monkeypatch) -> None:
    def refuse(**_: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.\nMore")

    monkeypatch.setattr(ray, "init", refuse)
    words = r"ray_address='auto': no cluster that this machine is part of \(Could not find any run"
    with pytest.raises(WorkerError, match=words):
        Cluster(Engine(name="ray", address="auto"), None).__enter__()
    with pytest.raises(WorkerError, match=r"Ray cannot be started \(Could not find"):
        Cluster(Engine(name="ray"), None).__enter__()


def test_no_room_for_the_images_is_one_line(ray, tmp_path, monkeypatch) -> None:
    def full(value: object) -> int:
        raise RayError("object store full")

    monkeypatch.setattr(ray, "put", full)
    with pytest.raises(WorkerError, match=r"Ray has no room for the images \(object store full"):
        list(do([0], tmp_path))
