from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_ln.errors import LayoutError, TrainingError
from robustbench_ln.norms import LocalNorm2d
from robustbench_ln.training.step import make_optimizer, training_step
from tests.training.stages import RECIPE, same_weights


def linear() -> nn.Linear:
    layer = nn.Linear(3, 2).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -1.0, 0.5], [0.0, 2.0, -0.5]]))
        layer.bias.copy_(torch.tensor([0.1, -0.2]))
    return layer


IMAGES = torch.tensor([[1.0, 0.5, 0.0], [0.0, 1.0, 1.0], [2.0, 0.0, 1.0]]).double()
LABELS = torch.tensor([0, 0, 0])


def test_a_step_is_the_loss_before_it_and_one_update_against_its_gradient():
    recipe = replace(RECIPE, learning_rate=0.5, momentum=0.0, weight_decay=0.0)
    model, other = linear(), linear()
    step = training_step(model, make_optimizer(model, recipe), images=IMAGES, labels=LABELS)
    logits = [
        [float(sum(w * x for w, x in zip(row, image, strict=True)) + b)
         for row, b in zip(other.weight.tolist(), other.bias.tolist(), strict=True)]
        for image in IMAGES.tolist()
    ]  # fmt: skip
    losses = [math.log(sum(map(math.exp, row))) - row[0] for row in logits]
    assert step.loss == pytest.approx(sum(losses) / 3, rel=1e-12)
    assert step.correct == sum(row[0] > row[1] for row in logits) == 1
    F.cross_entropy(other(IMAGES), LABELS).backward()
    assert torch.allclose(model.weight, other.weight - 0.5 * other.weight.grad, atol=1e-15)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_loss_that_is_not_finite_leaves_the_weights(value):
    model = linear()
    images = IMAGES.clone()
    images[0, 0] = value
    step = training_step(model, make_optimizer(model, RECIPE), images=images, labels=LABELS)
    assert not math.isfinite(step.loss)
    assert same_weights(model.state_dict(), linear().state_dict())


class InTraining(nn.Module):
    """A network whose forward pass is something else in training."""

    def __init__(self, change) -> None:
        super().__init__()
        self.linear, self.change = linear(), change

    def forward(self, images):
        return self.change(self.linear(images))


def fails(logits):
    raise RuntimeError("needs targets\nin training")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fails, "pass fails in training: needs targets; it must take images alone"),
        (Tensor.detach, "pass fails in training: element 0 of tensors does not require grad"),
        (lambda logits: logits[..., None], r"returns \[3, 2, 1\], not logits \[N, K\] alone"),
        (
            lambda logits: (logits, logits),
            r"returns tuple of .0. \[3, 2\], .1. \[3, 2\], not logits \[N, K\] alone; build it",
        ),
    ],
)
def test_a_network_that_cannot_be_trained_is_one_line(change, message):
    model = InTraining(change)
    with pytest.raises(TrainingError, match=message):
        training_step(model, make_optimizer(model, RECIPE), images=IMAGES, labels=LABELS)


def test_errors_of_the_layers_stay_as_they_are():
    layer = LocalNorm2d(3, 2)
    with pytest.raises(LayoutError, match="use a batch that is a multiple of 2"):
        training_step(
            layer, make_optimizer(layer, RECIPE), images=torch.ones(3, 3, 2, 2), labels=LABELS
        )
