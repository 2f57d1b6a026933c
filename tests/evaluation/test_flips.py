from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.corrupted_sets.sequences import open_sequences
from robustbench_ln.errors import DataError
from robustbench_ln.evaluation.flips import measure_flips
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.progress import Silent
from robustbench_ln.spec import EvaluationSpec
from tests.evaluation.test_run import make_subject
from tests.norms.networks import settle, small_net
from tests.references.flip_reference import flip_probability, mean_top5_distance

COLOURS = np.random.default_rng(0).integers(0, 256, (6, 5, 1, 1, 3))
FRAMES = np.broadcast_to(COLOURS, (6, 5, 8, 8, 3)).astype(np.uint8)
NAMES = ("gaussian_noise", "tilt")


def lively() -> nn.Module:
    """A network whose class is that of a frame's colour."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3)
    norm.running_mean.fill_(0.5)
    norm.running_var.fill_(0.1)
    head = nn.Linear(3, 5, bias=False)
    return nn.Sequential(norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval()


@pytest.fixture
def sets(tmp_path):
    for number, name in enumerate(NAMES):
        np.save(tmp_path / f"{name}.npy", FRAMES + 60 * number)
    return open_sequences(f"cifar10-p:{tmp_path}")


def classes_by_hand(number: int) -> list[list[list[int]]]:
    """All classes of every frame, best first."""
    pixels = torch.from_numpy((FRAMES + 60 * number).reshape(-1, 8, 8, 3))
    with torch.no_grad():
        logits = lively()(pixels.permute(0, 3, 1, 2).float() / 255)
    return logits.argsort(dim=1, descending=True).view(6, 5, 5).tolist()


@pytest.mark.parametrize("step", [1, 2])
def test_plain_predictions_equal_the_reference(sets, step):
    spec = EvaluationSpec(modes=("bn",), order="as-is", device_batch=7)
    found = measure_flips(make_subject(lively()), sets, spec, step=step, progress=Silent())
    assert [(one.perturbation, one.mode, one.set_size) for one in found] == [
        (name, "bn", None) for name in NAMES
    ]
    for number, one in enumerate(found):
        ranked = classes_by_hand(number)
        noisy = number == 0
        if not noisy:  # the published scheme: each step-th frame, from each of the first ones
            ranked = [video[start::step] for video in ranked for start in range(step)]
        expected = flip_probability([[frame[0] for frame in video] for video in ranked], noisy)
        assert one.flips.mean() == pytest.approx(expected)
        assert 0 < expected < 1
        assert one.distances.mean() == pytest.approx(mean_top5_distance(ranked, noisy))


def test_modes_of_localnorm_vote_and_pick_over_sets_of_frames(sets):
    network = settle(convert_batchnorm(small_net(), 3).model)
    spec = EvaluationSpec(modes=("ln-batch", "ln-voting"), order="as-is", group_size=5, limit=4)
    found = measure_flips(make_subject(network), sets, spec, step=1, progress=Silent())
    assert {(one.mode, one.set_size, len(one.flips)) for one in found} == {
        ("ln-batch", 5, 4), ("ln-voting", 5, 4),
    }  # fmt: skip


def test_sequences_that_are_too_short_for_a_step_are_refused(sets):
    spec = EvaluationSpec(modes=("bn",), order="as-is")
    with pytest.raises(DataError, match="tilt: sequences of 5 frames; expected 6 or more"):
        measure_flips(make_subject(), sets[1:], spec, step=5, progress=Silent())
