from __future__ import annotations

import copy
import itertools
import time

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from robustbench_ln.errors import SpecError
from robustbench_ln.norms import NORMS, LocalNorm2d
from robustbench_ln.norms.channels_last import to_channels_last
from robustbench_ln.progress import Silent
from robustbench_ln.speed.measure_norms import (
    SPEED_ARCHS,
    Candidates,
    find_paper_training,
    pass_job,
    prepare_candidates,
    step_job,
    time_norms,
)
from robustbench_ln.training import RECIPES
from robustbench_ln.training.torch_seed import torch_seeded


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
    times = [seconds for n in speed.norms for t in (n.step_seconds, *n.mode_seconds.values())
             for seconds in t]  # fmt: skip
    assert len(times) == 4 + 6
    assert all(seconds > 0 for seconds in times)
    assert (count.images, count.left) == (count.expected, 0)
    assert count.images == 2 * (4 + 6) * 100
    counts = {norm.norm: (norm.trainable, norm.with_running) for norm in speed.norms}
    assert (counts["batch"], counts["local"]) == ((814_778, 814_970), (816_506, 816_506))


def test_every_repetition_is_kept_under_its_norm_and_mode(monkeypatch):
    """The clock is read before and after each job, and job k of all (from 0) takes 4 k + 1."""
    squares = (float(number * number) for number in itertools.count())
    monkeypatch.setattr(time, "perf_counter", lambda: next(squares))
    batch, local = time_norms("mnist-dnn", ["local"], repetitions=2).norms
    # Three turns of two steps, of which the first is not timed; three turns of three passes.
    assert batch.step_seconds == (4 * 2 + 1, 4 * 4 + 1)
    assert local.step_seconds == (4 * 3 + 1, 4 * 5 + 1)
    assert batch.mode_seconds == {
        "plain": (4 * 9 + 1, 4 * 12 + 1),
        "dbn-batch": (4 * 10 + 1, 4 * 13 + 1),
    }
    assert local.mode_seconds == {"ln-batch": (4 * 11 + 1, 4 * 14 + 1)}


@pytest.mark.parametrize("arch", SPEED_ARCHS)
def test_batches_groups_and_epochs_are_the_papers(arch):
    size, groups = (100, 10) if arch == "mnist-dnn" else (128, 8)
    training = find_paper_training(arch)
    assert (training.recipe.batch_size, training.recipe.num_groups) == (size, groups)
    assert (training.data, training.epoch_images) == (
        ("MNIST", 60_000) if arch == "mnist-dnn" else ("CIFAR-10", 50_000)
    )
    candidates = prepare_candidates(arch, ["batch", "local"], training)
    assert [len(part) for part in candidates.batch] == [size, size]
    assert {
        norm: {mode: layout.set_size for mode, layout in layouts.items()}
        for norm, layouts in candidates.layouts.items()
    } == {
        "batch": {"plain": None, "dbn-batch": size},
        "local": {"ln-batch": size // groups},
    }


@pytest.fixture
def digits() -> Candidates:
    with torch_seeded(0, "weights"):
        return prepare_candidates("mnist-dnn", ["batch", "local"], find_paper_training("mnist-dnn"))


@pytest.mark.parametrize("norm", ["batch", "local"])
def test_a_step_trains_on_the_whole_batch(digits, norm):
    model = digits.networks[norm]
    by_hand = to_channels_last(copy.deepcopy(model).train())  # dropout draws in that order
    images = digits.batch.images.contiguous(memory_format=torch.channels_last)
    job = step_job(model, RECIPES["mnist"], digits.batch)
    with torch_seeded(0, "dropout"):
        step = job()
    with torch_seeded(0, "dropout"):
        loss = F.cross_entropy(by_hand(images), digits.batch.labels)
    assert step.loss == pytest.approx(float(loss.detach()))
    loss.backward()
    buffers, parameters = dict(model.named_buffers()), dict(model.named_parameters())
    for name, buffer in by_hand.named_buffers():  # running statistics after one step
        assert_close(buffers[name], buffer)
    for name, parameter in by_hand.named_parameters():
        assert_close(parameters[name].grad, parameter.grad)
    assert not torch.equal(parameters["classifier.7.weight"], by_hand.classifier[7].weight)


def test_passes_have_the_statistics_of_their_modes(digits):
    """The layers' own forward passes have the same: BatchNorm's of a batch, LocalNorm's of sets."""
    images = digits.batch.images
    own = {norm: copy.deepcopy(model).eval() for norm, model in digits.networks.items()}
    with torch.inference_mode():
        expected = {"plain": own["batch"](images)}
        for model in own.values():
            for layer in model.modules():
                layer.train(isinstance(layer, nn.BatchNorm2d | LocalNorm2d))
        expected |= {"dbn-batch": own["batch"](images), "ln-batch": own["local"](images)}
    for norm, layouts in digits.layouts.items():
        for mode, layout in layouts.items():
            logits = pass_job(digits.networks[norm], layout, images)()
            assert logits.shape == expected[mode].shape
            assert_close(logits, expected[mode], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(expected["dbn-batch"], expected["ln-batch"], atol=1e-3)


def test_what_cannot_be_timed_is_refused():
    with pytest.raises(SpecError, match="unknown architecture 'resnet21'; did you mean"):
        time_norms("resnet21", NORMS, repetitions=1)
    with pytest.raises(SpecError, match=r"alexnet' takes images of 224 pixels.* 28 \(MNIST\) and "):
        time_norms("torchvision:alexnet", NORMS, repetitions=1)
    with pytest.raises(SpecError, match="unknown norm 'nope'; choose from batch, local"):
        time_norms("resnet20", ["nope"], repetitions=1)
    with pytest.raises(SpecError, match="repetitions= is 0; expected 1 or more"):
        time_norms("resnet20", NORMS, repetitions=0)
