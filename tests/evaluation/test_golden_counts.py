"""The counts of an independent float32 implementation, on real images and public checkpoints."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.evaluation.subject import subject_of
from robustbench_ln.models.opened import open_network
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.spec import EvaluationSpec

BATCHNORM = {
    "resnet20-12fca82f.th": {"bn": 932, "dbn-batch": 889, "dbn-single": 239,
                             "dbn-single-rot90": 670},
    "resnet32-d509ac18.th": {"bn": 944, "dbn-batch": 925, "dbn-single": 375,
                             "dbn-single-rot90": 716},
}  # fmt: skip
LOCALNORM = {
    "set9": ([857, 856, 863, 862, 870, 861, 863, 861], "ln-voting", 867, 9),
    "image": ([207, 203, 189, 218, 193, 195, 203, 192], "ln-single-voting", 200, 22),
    "rot90": ([682, 684, 684, 687, 686, 674, 680, 681], "ln-single-voting-rot90", 685, 22),
}


@pytest.fixture
def run(shared_data, tmp_path):
    images = load_images(f"arrays:{shared_data / 'cifar10_test_1017.npz'}", DataOptions())

    def evaluate_checkpoint(name: str, **options):
        source = NetworkSource(path=shared_data / "checkpoints" / name, arch=name[:8])
        subject = subject_of(open_network(source, "imagenet"), images.shape)
        spec = EvaluationSpec(**options)
        return evaluate(subject, images, spec, out=tmp_path / name)

    return evaluate_checkpoint


@pytest.mark.parametrize(
    ("name", "modes"),
    [
        ("resnet20-12fca82f.th", ("bn", "dbn-batch", "dbn-single", "dbn-single-rot90")),
        ("resnet32-d509ac18.th", ("bn", "dbn-batch")),
        pytest.param("resnet32-d509ac18.th", ("all",), marks=pytest.mark.slow),
    ],
)
def test_batchnorm_counts(run, name, modes):
    records = run(name, modes=modes, order="as-is", tie_rule="lowest", stat_batch=113)
    assert {r.mode for r in records} == set(BATCHNORM[name] if modes == ("all",) else modes)
    for record in records:
        assert record.total == 1017
        assert abs(record.correct - BATCHNORM[name][record.mode]) <= 1, record.mode


@pytest.mark.parametrize(
    ("layout", "modes"),
    [
        ("set9", ("ln-batch", "ln-voting")),
        pytest.param("image", ("ln-single", "ln-single-voting"), marks=pytest.mark.slow),
        pytest.param(
            "rot90", ("ln-single-rot90", "ln-single-voting-rot90"), marks=pytest.mark.slow
        ),
    ],
)
def test_localnorm_counts_of_every_group_and_of_the_vote(run, tmp_path, layout, modes):
    counts, vote_mode, vote, ties = LOCALNORM[layout]
    name = "resnet20_localnorm_g8.pt"
    records = run(name, modes=modes, order="as-is", tie_rule="lowest", group_size=9)
    stored = np.load(tmp_path / name / f"predictions/clean-0-{layout}.npz")
    ours = (stored["class_index"] == stored["labels"]).sum(axis=1)
    assert abs(ours - counts).max() <= 1
    by_mode = {record.mode: record for record in records}
    assert abs(by_mode[vote_mode].correct - vote) <= 3
    assert abs(by_mode[vote_mode].ties - ties) <= 3
    picked = by_mode[modes[0]]
    assert picked.expected_correct == pytest.approx(np.mean(ours))


def test_the_two_conventions_are_two_noises(run):
    accuracy = {}
    for convention in ("paper", "released"):
        conditions = noise_conditions(["agn"], convention=convention, sigmas=[1.0])
        records = run(
            "resnet20-12fca82f.th", modes=("bn", "dbn-batch"), conditions=conditions, limit=512
        )
        accuracy |= {
            (convention, r.mode): r.accuracy for r in records if r.convention == convention
        }
    assert accuracy["released", "bn"] == pytest.approx(0.31, abs=0.05)
    assert accuracy["released", "dbn-batch"] == pytest.approx(0.57, abs=0.05)
    assert accuracy["paper", "bn"] == pytest.approx(0.135, abs=0.03)
