from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from robustbench_ln.data import ArrayImages
from robustbench_ln.errors import DataError, RecordError, TrainingError
from robustbench_ln.models.checkpoint import read_checkpoint
from robustbench_ln.norms import convert_batchnorm, replace_norms
from robustbench_ln.progress import Silent
from robustbench_ln.spec import parse_normalization
from robustbench_ln.training import train
from robustbench_ln.training.batches import Batches, split_images
from robustbench_ln.training.spec import parse_augment_noise
from robustbench_ln.training.torch_seed import torch_seeded
from tests.training.stages import (
    RECIPE,
    same_weights,
    small_network,
    spec_of,
    start_of,
    striped_images,
)


class StopAfter(Silent):
    """Stands for a kill: raises when so many epochs were written."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def finish_cells(self, cells: int) -> None:
        self.left -= cells

    def advance(self, image_passes: int) -> None:
        if self.left <= 0:
            raise KeyboardInterrupt


def local_start():
    return start_of(convert_batchnorm(small_network(), 4).model)


def rows_of(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("norm", ["batch", "local"])
def test_a_training_learns_and_its_checkpoints_say_what_they_are(tmp_path, norm):
    is_local = norm == "local"
    recipe = replace(RECIPE, epochs=6, learning_rate=0.02)
    spec = spec_of(recipe, norm=norm, num_groups=4 if is_local else 1)
    start = local_start() if is_local else start_of()
    trained = train(start, striped_images(), spec, out=tmp_path / "run")
    assert trained.epochs == 6
    assert trained.best_accuracy > 0.85
    accuracies = [float(row["validation_accuracy"]) for row in rows_of(tmp_path / "run/log.csv")]
    assert trained.best_epoch == accuracies.index(max(accuracies)) + 1 < 6
    best = read_checkpoint(tmp_path / "run/best.pt")
    assert best.metadata["epoch"] == trained.best_epoch
    assert best.metadata["validation_accuracy"] == trained.best_accuracy
    last = read_checkpoint(tmp_path / "run/last.pt")
    assert {k: last.metadata[k] for k in ("arch", "norm", "recipe", "seed", "epoch")} == {
        "arch": "small", "norm": norm, "recipe": "cifar-resnet", "seed": 0, "epoch": 6,
    }  # fmt: skip
    assert (last.metadata["num_groups"], last.metadata["group_size"]) == (
        (4, 4) if is_local else (1, 16)
    )
    assert last.state["1.weight"].shape == ((4, 6) if is_local else (6,))
    assert same_weights(last.state, start.model.state_dict())


def test_epochs_are_plain_gradient_descent_on_their_batches(tmp_path):
    """Against a loop written here: momentum, weight decay and the rate of every step."""
    images, spec = striped_images(), spec_of(replace(RECIPE, epochs=2, schedule="cosine"))
    start, expected = start_of(), small_network()
    train(start, images, spec, out=tmp_path / "run")
    batches = Batches(images, spec, parse_normalization("none", 3))
    buffers = {name: torch.zeros_like(p) for name, p in expected.named_parameters()}
    expected.train()
    for epoch in (1, 2):
        with torch_seeded(0, "dropout", epoch):
            for step, batch in enumerate(batches.training(split_images(90, spec).training, epoch)):
                rate = 0.1 * (1 + math.cos(math.pi * ((epoch - 1) * 5 + step) / 10)) / 2
                expected.zero_grad()
                F.cross_entropy(expected(batch.images), batch.labels).backward()
                with torch.no_grad():
                    for name, p in expected.named_parameters():
                        buffers[name] = 0.9 * buffers[name] + p.grad + 1e-4 * p
                        p.sub_(rate * buffers[name])
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(start.model.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_the_validation_accuracy_is_that_of_the_held_out_images(tmp_path):
    images, spec = striped_images(), spec_of(replace(RECIPE, learning_rate=0.02))
    start = start_of()
    trained = train(start, images, spec, out=tmp_path / "run")
    held_out = split_images(90, spec).validation
    inputs = torch.from_numpy(images.pixels[held_out]).permute(0, 3, 1, 2) / 255
    hits = start.model.eval()(inputs).argmax(dim=1).numpy() == images.labels[held_out]
    assert 0 < trained.last_accuracy == hits.mean()


@pytest.mark.parametrize("norm", ["batch", "local", "switch", "renorm", "ghost", "linf", "noisy"])
@pytest.mark.parametrize("stop", [1, 2])
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, norm, stop):
    groups = 4 if norm == "local" else 1
    noise = parse_augment_noise("agn:0.5") if norm != "batch" else None
    spec = spec_of(norm=norm, num_groups=groups, noise=noise)

    def make():
        return start_of(replace_norms(small_network(), norm, num_groups=groups).model)

    whole = make()
    train(whole, striped_images(), spec, out=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(make(), striped_images(), spec, out=tmp_path / "run", progress=StopAfter(stop))
    resumed = make()
    train(resumed, striped_images(), spec, out=tmp_path / "run")
    assert same_weights(whole.model.state_dict(), resumed.model.state_dict())
    for name in ("best.pt", "last.pt"):
        one, other = (read_checkpoint(tmp_path / run / name) for run in ("whole", "run"))
        assert same_weights(one.state, other.state)
        assert one.metadata == other.metadata
    for name in ("log.csv", "norms.csv"):
        one, other = (rows_of(tmp_path / run / name) for run in ("whole", "run"))
        assert [r | {"seconds": ""} for r in one] == [r | {"seconds": ""} for r in other]


def test_what_was_written_after_the_state_is_forgotten(tmp_path):
    spec = spec_of()
    with pytest.raises(KeyboardInterrupt):
        train(start_of(), striped_images(), spec, out=tmp_path / "run", progress=StopAfter(1))
    with (tmp_path / "run/log.csv").open("a") as file:
        file.write("2,0.1,1,1,1,1\n")
    (tmp_path / "run/last.pt.part").write_bytes(b"torn")
    train(start_of(), striped_images(), spec, out=tmp_path / "run")
    assert [row["epoch"] for row in rows_of(tmp_path / "run/log.csv")] == ["1", "2", "3"]


def test_a_finished_training_is_left_as_it_is(tmp_path):
    first = train(start_of(), striped_images(), spec_of(), out=tmp_path / "run")
    before = {file.name: file.read_bytes() for file in (tmp_path / "run").glob("*.*")}
    assert train(start_of(), striped_images(), spec_of(), out=tmp_path / "run") == first
    assert {file.name: file.read_bytes() for file in (tmp_path / "run").glob("*.*")} == before


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"seed": 1}, "seed= 0; now 1 is"),
        ({"limit": 80}, "limit= none; now 80 is"),
        ({"recipe": replace(RECIPE, epochs=4)}, "epochs= 3; now 4 is"),
        ({"recipe": replace(RECIPE, learning_rate=0.2)}, "learning_rate= 0.1; now 0.2 is"),
        ({"recipe": replace(RECIPE, momentum=0.8)}, "another version of the recipe cifar-resnet"),
    ],
)
def test_a_changed_option_is_refused_by_name(tmp_path, changes, option):
    images = striped_images()
    with pytest.raises(KeyboardInterrupt):
        train(start_of(), images, spec_of(), out=tmp_path / "run", progress=StopAfter(1))
    with pytest.raises(RecordError, match=option):
        train(start_of(), images, spec_of(**changes), out=tmp_path / "run")


def test_other_images_are_refused(tmp_path):
    images = striped_images()
    train(start_of(), images, spec_of(), out=tmp_path / "run")
    other = ArrayImages(
        source=images.source, kind="arrays", pixels=255 - images.pixels, labels=images.labels
    )
    with pytest.raises(RecordError, match="was started with images="):
        train(start_of(), other, spec_of(), out=tmp_path / "run")


class Explodes(nn.Module):
    """Multiplies by NaN from a given call on."""

    def __init__(self, call: int) -> None:
        super().__init__()
        self.left = call

    def forward(self, images):
        if self.training:
            self.left -= 1
        return images * float("nan") if self.left < 0 else images


class Told(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_renorm_that_never_corrects_says_so(tmp_path):
    told = Told()
    start = start_of(replace_norms(small_network(), "renorm", num_groups=1).model)
    train(start, striped_images(), spec_of(norm="renorm"), out=tmp_path / "run", progress=told)
    assert told.notes[0] == "81 images of 4 classes to train on, 9 held out to validate on"
    assert told.notes[1].startswith("Note: Batch Renormalization corrects from step 5,000 on; this "
                                    "training has 15, all")  # fmt: skip


def test_a_state_of_another_network_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(start_of(), striped_images(), spec_of(), out=tmp_path / "run", progress=StopAfter(1))
    file = tmp_path / "run/state.pt"
    state = torch.load(file)
    for damaged in ({**state, "model": {}}, {k: v for k, v in state.items() if k[:4] != "best"}):
        torch.save(damaged, file)
        with pytest.raises(RecordError, match="state.pt is not of this training; give out= a new"):
            train(start_of(), striped_images(), spec_of(), out=tmp_path / "run")


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = small_network()

    def forward(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        logits = self.network(images)
        return (logits, logits) if self.training else logits


def test_auxiliary_heads_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="returns tuple of .*, not logits .*auxiliary heads"):
        train(start_of(TwoHeads()), striped_images(), spec_of(), out=tmp_path / "run")


def test_a_loss_that_is_nan_keeps_the_last_good_epoch(tmp_path):
    model = nn.Sequential(Explodes(5 + 2), small_network())
    with pytest.raises(TrainingError, match=r"epoch 2: the loss is nan at step 3; last.pt has ep"):
        train(start_of(model), striped_images(), spec_of(), out=tmp_path / "run")
    last = read_checkpoint(tmp_path / "run/last.pt")
    assert last.metadata["epoch"] == 1
    assert len(rows_of(tmp_path / "run/log.csv")) == 1


def test_a_first_epoch_that_diverges_leaves_no_checkpoint(tmp_path):
    spec = spec_of(replace(RECIPE, learning_rate=1e30))
    with pytest.raises(TrainingError, match=r"no epoch was finished\. Start .*and a new out=$"):
        train(start_of(), striped_images(), spec, out=tmp_path / "run")
    assert not list((tmp_path / "run").glob("*.pt"))


def test_too_few_images_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DataError, match="15 images to train on after 1 were held out"):
        train(start_of(), striped_images(16), spec_of(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
