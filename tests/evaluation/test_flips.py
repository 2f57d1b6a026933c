from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.corrupted_sets.sequences import open_sequences
from robustbench_ln.errors import DataError, RecordError
from robustbench_ln.evaluation import flips
from robustbench_ln.evaluation.flips import SequenceRequest, measure_flips
from robustbench_ln.evaluation.pass_run import run_passes as run
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.progress import Silent
from robustbench_ln.spec import EvaluationSpec
from tests.evaluation.small_runs import make_subject
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


def measure(subject, sets, spec, *, difficulty=1, out=None):
    request = SequenceRequest("cifar10-p:DIR", sets, difficulty)
    return measure_flips(subject, request, spec, out=out, progress=Silent())


def classes_by_hand(number: int) -> list[list[list[int]]]:
    """All classes of every frame, best first."""
    pixels = torch.from_numpy((FRAMES + 60 * number).reshape(-1, 8, 8, 3))
    with torch.no_grad():
        logits = lively()(pixels.permute(0, 3, 1, 2).float() / 255)
    return logits.argsort(dim=1, descending=True).view(6, 5, 5).tolist()


@pytest.mark.parametrize("step", [1, 2])
def test_plain_predictions_equal_the_reference(sets, step):
    spec = EvaluationSpec(modes=("bn",), order="as-is", device_batch=7)
    found = measure(make_subject(lively()), sets, spec, difficulty=step)
    assert [(one.perturbation, one.mode, one.set_size) for one in found] == [
        (name, "bn", None) for name in NAMES
    ]
    for number, one in enumerate(found):
        ranked = classes_by_hand(number)
        noisy = number == 0
        if not noisy:  # the published scheme: each step-th frame, from each of the first ones
            ranked = [video[start::step] for video in ranked for start in range(step)]
        expected = flip_probability([[frame[0] for frame in video] for video in ranked], noisy)
        assert one.flip_shares.mean() == pytest.approx(expected)
        assert 0 < expected < 1
        assert one.mean_distances.mean() == pytest.approx(mean_top5_distance(ranked, noisy))


def test_modes_of_localnorm_vote_and_pick_over_sets_of_frames(sets):
    network = settle(convert_batchnorm(small_net(), 3).model)
    spec = EvaluationSpec(modes=("ln-batch", "ln-voting"), order="as-is", group_size=5)
    found = measure(make_subject(network), sets, spec)
    assert {(one.mode, one.set_size, len(one.flips)) for one in found} == {
        ("ln-batch", 5, 6), ("ln-voting", 5, 6),
    }  # fmt: skip


def test_sequences_that_are_too_short_for_a_step_are_refused(sets):
    spec = EvaluationSpec(modes=("bn",), order="as-is")
    with pytest.raises(DataError, match="tilt: sequences of 5 frames; expected 6 or more"):
        measure(make_subject(), sets[1:], spec, difficulty=5)


def test_what_a_folder_has_is_not_measured_again(sets, tmp_path, monkeypatch):
    spec = EvaluationSpec(modes=("bn",), order="as-is")
    whole = measure(make_subject(lively()), sets, spec)
    out = tmp_path / "out"
    measure(make_subject(lively()), sets[:1], spec, out=out)
    rows = (out / "flips.jsonl").read_bytes()
    (out / "flips.jsonl").write_bytes(rows + rows[:50])  # killed while it wrote the next row
    looked_at = []
    monkeypatch.setattr(
        flips, "run_passes", lambda *args, **words: looked_at.append(args) or run(*args, **words)
    )
    resumed = measure(make_subject(lively()), sets, spec, out=out)
    assert len(looked_at) == 1
    assert [replace(row, frames_sha256="none") for row in resumed] == whole
    assert measure(make_subject(lively()), sets, spec, out=out) == resumed
    assert len(looked_at) == 1
    both = EvaluationSpec(modes=("bn", "dbn-batch"), order="as-is")
    assert len(measure(make_subject(lively()), sets, both, out=out)) == 4
    assert len(looked_at) == 3


def test_a_folder_of_something_else_is_refused(sets, tmp_path):
    out = tmp_path / "out"
    spec = EvaluationSpec(modes=("bn",), order="as-is")
    measure(make_subject(lively()), sets, spec, out=out)
    with pytest.raises(RecordError, match=r"flips whose seed is 0; now 1 is asked for"):
        measure(make_subject(lively()), sets, replace(spec, seed=1), out=out)
    with pytest.raises(RecordError, match=r"flips whose difficulty is 1; now 2"):
        measure(make_subject(lively()), sets, spec, difficulty=2, out=out)
    np.save(tmp_path / "tilt.npy", FRAMES)
    other = open_sequences(f"cifar10-p:{tmp_path}")
    with pytest.raises(RecordError, match=r"tilt was measured on other frames; give out= a new"):
        measure(make_subject(lively()), other, spec, out=out)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    with pytest.raises(RecordError, match=r"holds other files \('thesis.tex'\) and no flips"):
        measure(make_subject(lively()), sets, spec, out=tmp_path / "full")
    (out / "flips.jsonl").write_text('{"mode": "bn"}\n')
    with pytest.raises(RecordError, match=r"flips\.jsonl, line 1: missing fields"):
        measure(make_subject(lively()), sets, spec, out=out)
