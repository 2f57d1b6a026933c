from __future__ import annotations

import pytest
import torch

from robustbench_ln.errors import SpecError
from robustbench_ln.norms import NORMS, with_statistics
from robustbench_ln.progress import Silent
from robustbench_ln.speed import measure_norms as timing
from robustbench_ln.speed.measure_norms import SPEED_ARCHS, time_norms
from robustbench_ln.training.step import training_step


class Count(Silent):
    def __init__(self) -> None:
        self.expected = self.images = self.left = 0

    def start(self, *, cells: int, image_passes: int, unit: str = "cell") -> None:
        self.left, self.expected = cells, image_passes

    def advance(self, image_passes: int) -> None:
        self.images += image_passes

    def finish_cells(self, cells: int) -> None:
        self.left -= cells


def test_a_network_is_timed_under_every_norm_in_the_modes_that_it_has():
    count = Count()
    state = torch.get_rng_state()
    speed = time_norms("mnist-dnn", ["switch", "local", "group"], repetitions=1, progress=count)
    assert torch.equal(torch.get_rng_state(), state)
    assert [norm.norm for norm in speed.norms] == ["batch", "local", "switch", "group"]
    assert {norm.norm: list(norm.mode_seconds) for norm in speed.norms} == {
        "batch": ["plain", "dbn-batch"],
        "local": ["ln-batch"],
        "switch": ["plain", "dbn-batch"],
        "group": ["plain"],
    }
    times = [time for n in speed.norms for t in (n.step_seconds, *n.mode_seconds.values())
             for time in t]  # fmt: skip
    assert len(times) == 4 + 6
    assert all(time > 0 for time in times)
    assert (count.images, count.left) == (count.expected, 0)
    assert count.images == 2 * (4 + 6) * 100


@pytest.mark.parametrize("arch", SPEED_ARCHS)
def test_sizes_are_the_papers_and_every_repetition_is_asked_for(monkeypatch, arch):
    asked = []

    def take_a_second(jobs, repetitions, **options):
        asked.append((repetitions, options["images"], list(jobs)))
        return {name: [1.0] * repetitions for name in jobs}

    monkeypatch.setattr(timing, "time_in_turns", take_a_second)
    speed = time_norms(arch, ["local"], repetitions=3)
    is_mnist = arch == "mnist-dnn"
    size, groups, epoch = (100, 10, 60_000) if is_mnist else (128, 8, 50_000)
    assert (speed.batch_size, speed.num_groups, speed.epoch_images) == (size, groups, epoch)
    assert speed.epoch_steps == (600 if is_mnist else 390)
    assert asked == [
        (3, size, ["batch", "local"]),
        (3, size, ["batch plain", "batch dbn-batch", "local ln-batch"]),
    ]


def test_jobs_are_training_steps_and_passes_under_their_layouts(monkeypatch):
    steps, layouts = [], []

    def run_once(jobs, repetitions, **_):
        for job in jobs.values():
            job()
        return {name: [1.0] * repetitions for name in jobs}

    def step(model, optimizer, *, images, labels):
        steps.append((model.training, tuple(images.shape), len(labels)))
        return training_step(model, optimizer, images=images, labels=labels)

    def view(model, layout, *, image_shape):
        layouts.append((layout.name, layout.set_size))
        return with_statistics(model, layout, image_shape=image_shape)

    monkeypatch.setattr(timing, "time_in_turns", run_once)
    monkeypatch.setattr(timing, "training_step", step)
    monkeypatch.setattr(timing, "with_statistics", view)
    time_norms("mnist-dnn", ["local"], repetitions=1)
    assert steps == [(True, (100, 1, 28, 28), 100)] * 2
    assert layouts == [("running", None), ("batch", 100), ("set", 10)]


def test_what_cannot_be_timed_is_refused():
    with pytest.raises(SpecError, match="unknown architecture 'resnet21'; did you mean"):
        time_norms("resnet21", NORMS, repetitions=1)
    with pytest.raises(SpecError, match=r"alexnet' takes images of 224 pixels.* 28 \(MNIST\) and "):
        time_norms("torchvision:alexnet", NORMS, repetitions=1)
    with pytest.raises(SpecError, match="unknown norm 'nope'; choose from batch, local"):
        time_norms("resnet20", ["nope"], repetitions=1)
    with pytest.raises(SpecError, match="repetitions= is 0; expected 1 or more"):
        time_norms("resnet20", NORMS, repetitions=0)
