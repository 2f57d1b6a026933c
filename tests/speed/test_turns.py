from __future__ import annotations

import json
import time

import pytest

from robustbench_ln.progress import Silent
from robustbench_ln.speed.norm_costs import NetworkSpeed, NormSpeed
from robustbench_ln.speed.turns import circumstances, time_in_turns


class Clock:
    """Time passes in jobs, and in whatever watches them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.log: list[str] = []

    def job(self, name: str, seconds: list[float]):
        left = iter(seconds)

        def run() -> None:
            self.log.append(name)
            self.now += next(left)

        return run


class Watcher(Silent):
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.images = self.cells = 0

    def describe(self, what: str) -> None:
        self.clock.log.append(f"next {what}")
        self.clock.now += 50

    def advance(self, image_passes: int) -> None:
        self.images += image_passes
        self.clock.now += 50

    def finish_cells(self, cells: int) -> None:
        self.cells += cells


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: made.now)
    return made


def test_jobs_take_turns_and_every_repetition_after_the_first_turn_is_kept(clock):
    jobs = {"a": clock.job("a", [9, 1, 2]), "b": clock.job("b", [9, 5, 4])}
    assert time_in_turns(jobs, 2) == {"a": [1, 2], "b": [5, 4]}
    assert "".join(clock.log) == "ababab"


def test_without_a_warm_up_the_first_turn_counts(clock):
    assert time_in_turns({"a": clock.job("a", [9, 1])}, 2, warms_up=False) == {"a": [9, 1]}


def test_what_watches_is_told_outside_of_the_timed_seconds(clock):
    watcher = Watcher(clock)
    jobs = {"a": clock.job("a", [9, 1, 2]), "b": clock.job("b", [9, 5, 4])}
    assert time_in_turns(jobs, 2, images=10, progress=watcher) == {"a": [1, 2], "b": [5, 4]}
    assert clock.log[:4] == ["next a", "a", "next b", "b"]
    assert (watcher.images, watcher.cells) == (60, 3)


def test_circumstances_have_what_a_time_depends_on():
    about = circumstances("ln-bench x", threads=3)
    assert (about["command"], about["threads"]) == ("ln-bench x", 3)
    assert about["cores"] >= 1
    assert about["load"] is None or about["load"] >= 0
    assert set(about["machine"]) == {"processor", "python"}


def network_speed() -> NetworkSpeed:
    """1,001 images in batches of 10; median steps of 2 and 8 s, and a local of 1.5 batch ones."""
    batch = NormSpeed(
        norm="batch",
        trainable=10,
        with_running=14,
        step_seconds=(2.0, 1.0, 30.0),
        mode_seconds={"plain": (0.5, 0.25, 8.0)},
    )
    local = NormSpeed(
        norm="local", trainable=20, with_running=20, step_seconds=(8.0, 1.5, 33.0), mode_seconds={}
    )
    return NetworkSpeed(
        arch="resnet32-preact",
        data="CIFAR-10",
        epoch_images=1_001,
        batch_size=10,
        num_groups=2,
        norms=(batch, local),
    )


def test_an_epoch_is_its_whole_batches_of_median_steps():
    network = network_speed()
    assert network.epoch_steps == 100
    assert [network.epoch_seconds(norm) for norm in network.norms] == [200, 800]


def test_ratios_are_to_batchnorm_of_the_same_turn():
    network = network_speed()
    assert [network.step_ratio(norm) for norm in network.norms] == [1, 1.5]


def test_rates_are_of_one_batch_in_the_median_pass():
    batch, local = network_speed().norms
    assert network_speed().images_per_second(batch, "plain") == 20
    assert network_speed().images_per_second(local, "plain") is None


def test_a_record_gives_the_same_numbers_again():
    entry = json.loads(json.dumps(network_speed().to_json()))
    again = NetworkSpeed.from_json(entry)
    assert json.dumps(again.to_json()) == json.dumps(network_speed().to_json())
    assert [again.epoch_seconds(norm) for norm in again.norms] == [200, 800]
    assert again.images_per_second(again.norms[0], "plain") == 20
