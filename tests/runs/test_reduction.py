from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_ln.evaluation.from_logits import predict
from robustbench_ln.metrics.calibration import calibration_error
from robustbench_ln.modes import MODES
from robustbench_ln.runs.predictions import Predictions, join_predictions
from robustbench_ln.runs.reduction import pick_groups, reduce_predictions, reduce_votes
from tests.references import mode_reference as reference


def make_predictions(logits: np.ndarray, labels: list[int], ids: list[int] | None = None):
    index = np.arange(len(labels)) if ids is None else np.array(ids)
    return predict(
        torch.from_numpy(np.asarray(logits, dtype=np.float32)),
        image_index=index.astype(np.int64),
        labels=np.array(labels, dtype=np.int64),
    )


def random_case(seed: int, groups: int = 5, images: int = 23, classes: int = 4):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(groups, images, classes)).round(4)
    return logits, generator.integers(classes, size=images).tolist()


def reduce(mode: str, predictions: Predictions, *, tie_rule="random", set_size=1, seed=0):
    return reduce_predictions(
        MODES[mode], predictions, set_size=set_size, seed=seed, tie_rule=tie_rule
    )


def test_what_is_kept_of_logits_equals_float64():
    logits, labels = random_case(0)
    kept = make_predictions(logits, labels)
    probability = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    for g in range(5):
        for n in range(23):
            top = int(logits[g, n].argmax())
            assert kept.class_index[g, n] == top
            assert kept.top1_probability[g, n] == pytest.approx(probability[g, n, top], rel=1e-5)
            expected = math.log(probability[g, n, labels[n]])
            assert kept.label_log_probability[g, n] == pytest.approx(expected, rel=1e-5)
            assert kept.class_logit_sum[g, n] == pytest.approx(logits[:, n, top].sum(), abs=1e-5)
            mean = probability[:, n, top].mean()
            assert kept.class_mean_probability[g, n] == pytest.approx(mean, rel=1e-5)


def test_equal_logits_go_to_the_lowest_class():
    assert make_predictions(np.array([[[1.0, 3.0, 3.0]]]), [0]).class_index.item() == 1


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), groups=st.integers(1, 9))
def test_votes_equal_the_reference(seed, groups):
    logits, labels = random_case(seed, groups=groups)
    kept = make_predictions(logits, labels)
    for tie_rule in ("lowest", "random", "logit-sum"):
        vote = reduce_votes(kept, seed=3, tie_rule=tie_rule)
        chosen = np.take_along_axis(kept.class_index, vote.winner[None], axis=0)[0]
        for n in range(len(labels)):
            tied = reference.plurality(kept.class_index[:, n].tolist())
            assert vote.is_tied[n] == (len(tied) > 1)
            assert chosen[n] in tied
            if tie_rule == "lowest":
                assert chosen[n] == tied[0]
            if tie_rule == "logit-sum":
                assert chosen[n] == reference.logit_sum_winner(tied, logits[:, n].tolist())


def test_random_ties_are_uniform_and_belong_to_the_image():
    number = 6000
    logits = np.zeros((3, number, 4))
    for g, k in enumerate((3, 0, 2)):  # three classes with a vote each
        logits[g, :, k] = 1
    kept = make_predictions(logits, [0] * number)
    vote = reduce_votes(kept, seed=0, tie_rule="random")
    chosen = np.take_along_axis(kept.class_index, vote.winner[None], axis=0)[0]
    counts = np.bincount(chosen, minlength=4)
    assert counts[1] == 0
    assert abs(counts[[0, 2, 3]] - number / 3).max() < 4 * math.sqrt(number * 2 / 9)
    order = np.random.default_rng(0).permutation(number)
    shuffled = make_predictions(logits, [0] * number, ids=order.tolist())
    again = reduce_votes(shuffled, seed=0, tie_rule="random")
    assert np.array_equal(
        np.take_along_axis(shuffled.class_index, again.winner[None], axis=0)[0], chosen[order]
    )
    assert not np.array_equal(reduce_votes(kept, seed=1, tie_rule="random").winner, vote.winner)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), set_size=st.integers(1, 9))
def test_expectation_equals_exact_fractions(seed, set_size):
    logits, labels = random_case(seed)
    kept = make_predictions(logits, labels)
    reduced = reduce("ln-batch", kept, set_size=set_size)
    classes = kept.class_index.tolist()
    mean = reference.expected_correct(classes, labels)
    variance = reference.expected_variance(classes, labels, set_size)
    assert reduced.expected_correct == pytest.approx(float(mean))
    assert reduced.expected_sd == pytest.approx(math.sqrt(variance))


def test_the_expectation_is_what_many_seeds_give():
    logits, labels = random_case(1)
    kept = make_predictions(logits, labels)
    drawn = [reduce("ln-batch", kept, set_size=4, seed=s).correct.sum() for s in range(800)]
    reduced = reduce("ln-batch", kept, set_size=4)
    assert np.mean(drawn) == pytest.approx(
        reduced.expected_correct, abs=5 * reduced.expected_sd / 28
    )
    assert np.std(drawn) == pytest.approx(reduced.expected_sd, rel=0.15)


def test_a_group_is_picked_for_each_set_and_belongs_to_its_first_image():
    logits, labels = random_case(2, images=40)
    kept = make_predictions(logits, labels)
    picks = pick_groups(kept, set_size=8, seed=0)
    assert all(len(set(picks[i : i + 8])) == 1 for i in range(0, 40, 8))
    single = pick_groups(kept, set_size=1, seed=0)
    assert set(single) == set(range(5))
    assert np.array_equal(picks[::8], single[::8])
    later = make_predictions(logits, labels, ids=list(range(100, 140)))
    assert not np.array_equal(pick_groups(later, set_size=1, seed=0), single)


def test_equal_groups_make_all_modes_agree():
    logits, labels = random_case(4, groups=1)
    one = make_predictions(logits, labels)
    many = make_predictions(np.repeat(logits, 6, axis=0), labels)
    plain = reduce("bn", one)
    assert plain.expected_correct is None
    assert plain.expected_sd is None
    for mode in ("ln-batch", "ln-voting", "ln-single", "ln-single-voting"):
        reduced = reduce(mode, many, set_size=3)
        assert np.array_equal(reduced.class_index, plain.class_index)
        assert reduced.nll == pytest.approx(plain.nll, rel=1e-5)
        assert reduced.ece == pytest.approx(plain.ece, rel=1e-5)
        assert reduced.ties == 0


def test_voting_scores_the_mean_probability():
    logits, labels = random_case(5)
    probability = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    mean = probability.mean(axis=0)
    reduced = reduce("ln-voting", make_predictions(logits, labels), tie_rule="lowest")
    expected = -np.log(mean[np.arange(len(labels)), labels]).mean()
    assert reduced.nll == pytest.approx(expected, rel=1e-5)
    confidence = mean[np.arange(len(labels)), reduced.class_index]
    assert reduced.ece == pytest.approx(calibration_error(confidence, reduced.correct), abs=1e-6)


def test_calibration_error_by_hand():
    # bins (0.6, 0.667] and (0.933, 1]: |(0.65 + 0.65)/2 - 1/2| * 2/3 + |1.0 - 0| * 1/3
    confidence, correct = np.array([0.65, 0.65, 1.0]), np.array([True, False, False])
    assert calibration_error(confidence, correct) == pytest.approx(0.15 * 2 / 3 + 1 / 3)
    # an edge belongs to the bin below it
    assert calibration_error(np.array([1 / 15, 1 / 15 + 1e-9]), np.array([True, False])) == (
        pytest.approx((14 / 15 + 1 / 15) / 2, abs=1e-6)
    )


def test_joined_parts_are_the_whole():
    logits, labels = random_case(6)
    whole = make_predictions(logits, labels)
    parts = [
        make_predictions(logits[:, :9], labels[:9], list(range(9))),
        make_predictions(logits[:, 9:], labels[9:], list(range(9, 23))),
    ]
    joined = join_predictions(parts)
    assert np.array_equal(joined.class_index, whole.class_index)
    assert np.array_equal(joined.image_index, whole.image_index)
