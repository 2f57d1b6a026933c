"""Clean accuracy that chance, another numbering or the publisher explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from robustbench_ln.evaluation.checks.chance import check_chance
from robustbench_ln.evaluation.checks.clean_cell import CleanCell
from robustbench_ln.evaluation.checks.little_training import describe_little_training
from robustbench_ln.evaluation.checks.relabelling import check_relabelling, relabelled_accuracy
from robustbench_ln.evaluation.checks.stated_accuracy import check_stated_accuracy
from robustbench_ln.models.stated_accuracy import StatedAccuracy, find_stated_accuracy


def make_cell(accuracy: float, *, total: int = 1000, num_classes: int = 10, **changes) -> CleanCell:
    """Predictions that are right so often; wrong ones are spread evenly."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, num_classes, total)
    wrong = (labels + generator.integers(1, num_classes, total)) % num_classes
    is_right = np.arange(total) < round(accuracy * total)
    values = {
        "mode": "bn",
        "num_classes": num_classes,
        "num_scored": num_classes,
        "labels": labels,
        "class_index": np.where(is_right, labels, wrong).astype(np.int32),
        "confidence": 0.9,
    }
    return CleanCell(**(values | changes))


def test_chance_is_that_of_the_classes_that_are_scored():
    """7 of 100 right: far above chance of 1,000 classes, not of 20."""
    labels = np.arange(1000) % 20
    wrong = (labels + 1) % 20
    guesses = np.where(np.arange(1000) < 70, labels, wrong).astype(np.int32)
    cell = make_cell(0.0, num_classes=1000, labels=labels, class_index=guesses)
    assert check_chance([cell]).status == "passed"
    assert check_chance([replace(cell, num_scored=20)]).status == "warning"


def renumbered(cell: CleanCell, order: list[int], **changes) -> CleanCell:
    return make_cell(
        0, mode=cell.mode, labels=np.array(order)[cell.labels], class_index=cell.class_index,
        num_classes=cell.num_classes, **changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("accuracy", "changes", "status"),
    [
        (0.10, {}, "warning"),
        (0.17, {}, "warning"),  # Wilson's upper end is 19.5 %
        (0.18, {}, "passed"),  # 20.5 %
        (0.10, {"total": 49}, "not applicable"),
        (0.50, {"num_classes": 2}, "passed"),  # twice chance would be everything
        (0.05, {"num_classes": 2}, "warning"),
        (0.10, {"confidence": 0.12}, "passed"),  # hardly trained: it says itself that it guesses
        (0.00, {"confidence": 0.12}, "warning"),  # worse than guessing
    ],
)
def test_accuracy_of_guessing_is_warned_of(accuracy, changes, status):
    assert check_chance([make_cell(accuracy, **changes)]).status == status


def test_modes_that_use_lost_running_statistics_are_told_from_wrong_labels():
    result = check_chance([make_cell(0.1), make_cell(0.9, mode="dbn-batch")])
    assert "running statistics" in result.message
    both = check_chance([make_cell(0.1), make_cell(0.1, mode="dbn-batch")])
    assert "class_map=" in both.message
    assert check_chance([make_cell(0.1)], is_settled=False).status == "not applicable"


def test_labels_off_by_one_and_permuted_classes_are_named():
    right = make_cell(0.9)
    shifted = check_relabelling([renumbered(right, [*range(1, 10), 0])])
    assert shifted.status == "warning"
    assert "all labels are off by 1" in shifted.message
    assert shifted.numbers["relabelled"] == pytest.approx(0.9)
    permuted = check_relabelling([renumbered(right, [3, 0, 1, 7, 2, 9, 8, 4, 6, 5])])
    assert permuted.status == "warning"
    assert "label 0 is the network's 1, 1 is the network's 2" in permuted.message
    some = check_relabelling([renumbered(right, [0, 1, 7, 2, 9, 8, 3, 4, 6, 5])])
    assert some.status == "warning"


def test_right_and_guessing_networks_have_no_better_numbering():
    good = check_relabelling([make_cell(0.9)])
    assert (good.status, dict(good.numbers)) == ("passed", {"accuracy": 0.9})  # nothing to search
    both = check_relabelling([make_cell(0.9), renumbered(make_cell(0.9), [*range(1, 10), 0])])
    assert both.status == "warning"
    assert check_relabelling([make_cell(0.3)]).status == "passed"
    generator = np.random.default_rng(1)
    guesses = generator.integers(0, 10, 60).astype(np.int32)
    cell = make_cell(0, total=60, class_index=guesses)
    assert relabelled_accuracy(cell) < 0.2  # found and counted on the same images it is 0.37
    assert check_relabelling([cell]).status == "passed"


def test_a_thousand_classes_with_three_images_each_are_not_judged():
    assert (
        check_relabelling([make_cell(0.5, total=3000, num_classes=1000)]).status == "not applicable"
    )
    assert check_relabelling([]).status == check_chance([]).status == "not applicable"


@pytest.mark.parametrize(
    ("accuracy", "stated", "status"),
    [
        (0.86, 0.90, "passed"),
        (0.80, 0.90, "warning"),
        (0.86, 0.97, "warning"),
        (0.99, 0.5, "passed"),
    ],
)
def test_accuracy_far_below_what_is_stated_is_warned_of(accuracy, stated, status):
    result = check_stated_accuracy([make_cell(accuracy)], StatedAccuracy(stated, "x.pt"))
    assert result.status == status
    assert check_stated_accuracy([make_cell(accuracy)], None).status == "not applicable"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"best_prec1": 91.75}, 0.9175),
        ({"validation_accuracy": "0.98"}, 0.98),
        ({"Best_Acc": 93.0, "epoch": 3}, 0.93),
        ({"acc": True}, None),
        ({"acc": "none"}, None),
        ({"acc": float("nan")}, None),
        ({"train_acc": 99.0}, None),
        ({"acc": 0}, None),
    ],
)
def test_the_accuracy_beside_the_weights_is_read(metadata, expected):
    found = find_stated_accuracy(metadata, "x.pt")
    assert (None if found is None else found.accuracy) == expected


def test_a_network_that_was_hardly_trained_may_guess():
    cell = make_cell(0.05)
    assert check_chance([cell], excuse="it is new").status == "not applicable"
    assert check_chance([cell]).status == "warning"


@pytest.mark.parametrize(
    ("batches", "move", "expected"),
    [
        (0, 0.009, "its norm layers are almost those of a new network"),
        (0, 0.011, None),
        (199, 0.3, "its norm layers counted 199 batches in training"),
        (200, 0.0, None),
    ],
)
def test_norm_layers_tell_how_long_a_training_was(batches, move, expected):
    model = nn.Sequential(nn.BatchNorm2d(3), nn.LayerNorm(5), nn.BatchNorm2d(3), nn.ReLU())
    model[0].num_batches_tracked.fill_(batches)
    for layer, start in zip(model[:3], (1.0, 1.0, 0.0), strict=True):  # some start at 0
        layer.weight.data.fill_(start + move)
    assert describe_little_training(model) == expected
    assert describe_little_training(nn.Sequential(nn.ReLU())) is None
