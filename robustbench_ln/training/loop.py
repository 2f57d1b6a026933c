"""Training: epochs of steps, each followed by a validation and by everything being written down.

Everything random is a function of (seed, epoch): order, augmentation, noise, dropout. So the state
between two epochs is the weights, the optimizer and the number of the epoch, and a training that
was killed goes on to the same weights (on the CPU of one machine, with as many threads).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import RecordError, TrainingError, setting
from robustbench_ln.norms import take_logits
from robustbench_ln.norms.channels_last import to_channels_last
from robustbench_ln.norms.renorm import RenormSchedule
from robustbench_ln.progress import Progress, Silent
from robustbench_ln.spec import parse_normalization
from robustbench_ln.training.batches import Batch, Batches, split_images
from robustbench_ln.training.description import describe_training
from robustbench_ln.training.directory import TrainingDirectory
from robustbench_ln.training.divided_network import DividedNetwork
from robustbench_ln.training.log import EpochRow, norm_rows
from robustbench_ln.training.processes import (
    current_place,
    share_from_first,
    sum_over_processes,
)
from robustbench_ln.training.spec import TrainingSpec
from robustbench_ln.training.start import StartNetwork
from robustbench_ln.training.step import make_optimizer, training_step
from robustbench_ln.training.torch_seed import torch_seeded

__all__ = ["Trained", "train"]


class Trained(NamedTuple):
    """What a training came to.

    Attributes:
        epochs: That it has.
        best_accuracy: Validation accuracy of best.pt.
        best_epoch: Epoch of best.pt.
        last_accuracy: Validation accuracy of last.pt.
    """

    epochs: int
    best_accuracy: float
    best_epoch: int
    last_accuracy: float


def train(
    start: StartNetwork,
    images: ImageSet,
    spec: TrainingSpec,
    *,
    out: Path,
    progress: Progress | None = None,
) -> Trained:
    """Train a network, or go on with a training that was stopped.

    Where torch.distributed has a group of `spec.processes`, each of them calls this with the same
    arguments; the first one reads and writes the directory.

    Args:
        start: The network; its weights are changed.
        images: Images to train on and, a share of them, to validate on.
        spec: What to do.
        out: Training directory.
        progress: Display that shows how far the job is; None shows nothing.

    Raises:
        RecordError: `out` is no training directory, or of another training; a full disk.
        DataError: Not enough images, or one that cannot be read.
        LayoutError: A norm layer has too few values for statistics.
        TrainingError: The loss is no longer finite.
        SpecError: The group has another number of processes.
    """
    training = _Training(start, images, spec, progress=progress or Silent())
    if not training.place.is_first:
        return training.run(None)
    with TrainingDirectory(out, describe_training(start, images, spec)) as directory:
        return training.run(directory)


@dataclass(slots=True)
class _Sums:
    """Sums over an epoch so far."""

    loss: float = 0.0
    correct: int = 0
    images: int = 0


class _Training:
    """One training: the network, its optimizer, and where it stands."""

    def __init__(
        self, start: StartNetwork, images: ImageSet, spec: TrainingSpec, *, progress: Progress
    ) -> None:
        self.start, self.spec, self.progress = start, spec, progress
        self.place = spec.check_place(current_place())
        self.device = spec.devices[self.place.rank]
        self.split = split_images(len(images), spec)
        whole = start.model.to(self.device)
        if self.device == "cpu":
            to_channels_last(whole)
        self.network = DividedNetwork(whole, self.place)
        self.model = self.network.model
        self.optimizer = make_optimizer(self.model, spec.recipe)
        normalization = parse_normalization(start.normalize, images.shape.channels)
        self.batches = Batches(images, spec, normalization, self.place)
        self.num_steps = len(self.split.training) // spec.recipe.batch_size
        self.trained = Trained(0, -1.0, 0, -1.0)

    def run(self, directory: TrainingDirectory | None) -> Trained:
        """Do the epochs that are left; only the first process has the directory."""
        state = share_from_first(lambda: directory.read_state() if directory else None)
        if state is not None:
            self._restore(state)
        left = range(self.trained.epochs + 1, self.spec.recipe.epochs + 1)
        images_an_epoch = self.num_steps * self.spec.recipe.batch_size + len(self.split.validation)
        self.progress.start(cells=len(left), image_passes=len(left) * images_an_epoch, unit="epoch")
        if left:
            self._tell()
        if self.trained.epochs and left and directory:
            self.progress.note(f"{directory.path}: resuming after epoch {self.trained.epochs}")
        for epoch in left:
            self._run_epoch(epoch, directory)
        return self.trained

    def _tell(self) -> None:
        """Say what is trained on, and what would surprise later."""
        labels = self.batches.images.labels[self.split.training]
        self.progress.note(
            f"{len(labels)} images of {len(np.unique(labels))} classes to train on, "
            f"{len(self.split.validation)} held out to validate on"
        )
        start = RenormSchedule().start
        if self.spec.norm == "renorm" and self.num_steps * self.spec.recipe.epochs <= start:
            self.progress.note(
                f"Note: Batch Renormalization corrects from step {start:,} on; this training has "
                f"{self.num_steps * self.spec.recipe.epochs:,}, all of them as BatchNorm's"
            )

    def _run_epoch(self, epoch: int, directory: TrainingDirectory | None) -> None:
        """Train, validate, write."""
        started = time.monotonic()
        self.progress.describe(f"epoch {epoch}/{self.spec.recipe.epochs}")
        own = () if self.place.is_first else (self.place.rank,)
        with torch_seeded(self.spec.seed, "dropout", epoch, *own, device=self.device):
            sums = self._train_epoch(epoch)
        accuracy = self._validate()
        is_best = accuracy > self.trained.best_accuracy
        row = EpochRow(
            epoch=epoch,
            learning_rate=self._learning_rate(epoch, 0),
            train_loss=sums.loss / sums.images,
            train_accuracy=sums.correct / sums.images,
            validation_accuracy=accuracy,
            seconds=time.monotonic() - started,
        )
        best = (accuracy, epoch) if is_best else self.trained[1:3]
        self.trained = Trained(epoch, *best, accuracy)
        self._write(row, directory, is_best=is_best)

    def _train_epoch(self, epoch: int) -> _Sums:
        self.model.train()
        sums, size = _Sums(), self.spec.recipe.batch_size
        for step, batch in enumerate(self.batches.training(self.split.training, epoch)):
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate(epoch, step)
            done = training_step(
                self.network.replica,
                self.optimizer,
                images=self._input(batch),
                labels=batch.labels.to(self.device),
            )
            if not math.isfinite(done.loss):
                raise self._diverged(epoch, f"the loss is {done.loss} at step {step + 1}")
            sums.loss += done.loss * size
            sums.correct += done.correct
            sums.images += size
            self.progress.advance(size)
        broken = sum(int(not p.isfinite().all()) for p in self.model.parameters())
        if self._sum(broken):
            raise self._diverged(epoch, "the weights are not finite after the last step")
        return sums

    def _input(self, batch: Batch) -> Tensor:
        """Return the images where the network is, laid out as a step is fastest.

        On a core a step of ResNet-20 takes 390 ms channels_last and 470 contiguous.
        """
        if self.device == "cpu":
            return batch.images
        return batch.images.to(self.device).contiguous()

    def _sum(self, number: int) -> int:
        """Return the sum of every process's number."""
        return int(sum_over_processes(torch.tensor(number, device=self.device)))

    def _learning_rate(self, epoch: int, step: int) -> float:
        """Return the rate of step `step` of epoch `epoch`, the one from 0 and the other from 1."""
        done = (epoch - 1) * self.num_steps + step
        return self.spec.recipe.learning_rate_at(done / (self.spec.recipe.epochs * self.num_steps))

    def _validate(self) -> float:
        """Return the share of held-out images that the network's own eval forward gets right.

        That is `bn` for BatchNorm, and for LocalNorm a draw of `ln-batch`: batches as in training,
        each set of M images normalised by its own group.
        """
        self.model.eval()
        correct, left = 0, len(self.split.validation)
        size = self.spec.recipe.batch_size
        with torch.inference_mode():
            for batch in self.batches.validation(self.split.validation):
                output = self.model(self._input(batch))
                logits = take_logits(output, len(batch.labels))
                hits = logits.argmax(dim=1).cpu() == batch.labels
                own = max(0, left - self.place.part(size).start)
                correct += int(hits[:own].sum())  # the rest were shown before
                self.progress.advance(min(left, size))
                left -= size
        return self._sum(correct) / len(self.split.validation)

    def _write(self, row: EpochRow, directory: TrainingDirectory | None, *, is_best: bool) -> None:
        state, optimizer = self.network.state(), self.network.optimizer_state(self.optimizer)
        if directory is None:
            return
        weights = {name: tensor.cpu().contiguous() for name, tensor in state.items()}
        directory.write_epoch(
            row,
            list(norm_rows(self.network.whole, row.epoch)),
            checkpoint={"state_dict": weights} | self._metadata(row),
            state={
                "model": weights,
                "optimizer": optimizer,
                **self.trained._asdict(),
            },
            is_best=is_best,
        )
        self.progress.finish_cells(1)
        self.progress.note(
            f"epoch {row.epoch}/{self.spec.recipe.epochs}: loss {row.train_loss:.4g}, "
            f"training {row.train_accuracy:.1%}, validation {row.validation_accuracy:.1%}"
            f"{' (best)' if is_best else ''}, {row.seconds:.0f} s"
        )

    def _metadata(self, row: EpochRow) -> dict[str, str | int | float]:
        """Return what later commands need beside the weights."""
        spec, parent = self.spec, self.start.parent_sha256
        metadata: dict[str, str | int | float] = {
            "arch": self.start.name,
            "norm": spec.norm,
            "num_groups": spec.num_groups,
            "group_size": spec.group_size,
            "normalize": self.start.normalize,
            "recipe": spec.recipe.name,
            "seed": spec.seed,
            "epoch": row.epoch,
            "validation_accuracy": row.validation_accuracy,
        }
        return metadata | ({"parent_sha256": parent} if parent else {})

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            self.network.load_state(state["model"])
            self.network.load_optimizer_state(self.optimizer, state["optimizer"])
            self.trained = Trained(**{name: state[name] for name in Trained._fields})
        except (RuntimeError, ValueError, KeyError) as error:
            raise RecordError(
                f"state.pt is not of this training; give {setting('out')} a new folder (best.pt "
                f"and last.pt may serve as {setting('init')})"
            ) from error

    def _diverged(self, epoch: int, what: str) -> TrainingError:
        kept = f"last.pt has epoch {epoch - 1}" if epoch > 1 else "no epoch was finished"
        return TrainingError(
            f"epoch {epoch}: {what}; {kept}. Start again with a smaller "
            f"{setting('learning_rate')} than {self.spec.recipe.learning_rate:g} and a new "
            f"{setting('out')}"
        )
