"""Streams in which each image has a condition of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robustbench_ln.corruptions.conditions import corruption_conditions, noise_conditions
from robustbench_ln.corruptions.stream import StreamOptions, degraded_chunks
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.evaluation import unit as unit_module
from robustbench_ln.evaluation.mixtures import assign_conditions, mix_conditions
from robustbench_ln.evaluation.orders import evaluation_order
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.runs.outcomes import read_checked
from robustbench_ln.runs.results import read_results
from robustbench_ln.spec import CLEAN
from tests.evaluation.small_runs import comparable, make_images, make_spec, make_subject

UINT8 = (
    CLEAN,
    *corruption_conditions(
        ["brightness", "contrast"], severity_table="cifar10-c", severities=[1, 5]
    ),
)
FLOATS = (CLEAN, *noise_conditions(["agn"], convention="released", sigmas=[0.5, 1.0])[1:])


@pytest.mark.parametrize("order", ["mixed", "growing"])
def test_all_conditions_have_equally_many_images(order):
    which = assign_conditions(UINT8, 52, order=order, seed=0)
    assert sorted(np.bincount(which).tolist()) == [10, 10, 10, 11, 11]
    assert not np.array_equal(which, assign_conditions(UINT8, 52, order=order, seed=1))
    assert np.array_equal(which, assign_conditions(UINT8, 52, order=order, seed=0))


def test_a_mixed_stream_has_all_conditions_everywhere():
    which = assign_conditions(UINT8, 500, order="mixed", seed=0)
    assert {len(set(part)) for part in np.split(which, 10)} == {5}


def test_severity_grows_from_clean_images_on_whatever_the_order_of_conditions():
    backwards = UINT8[::-1]
    which = assign_conditions(backwards, 100, order="growing", seed=0)
    severities = [backwards[number].severity for number in which]
    assert severities == sorted(severities)
    last = {backwards[number].corruption for number in which[-20:]}
    assert last == {"brightness", "contrast"}
    # Ranks and not values: severities of two noises are not alike.
    noises = noise_conditions(["agn"], sigmas=[0, 1, 2])
    noises += noise_conditions(["mbn"], sigmas=[0.1, 0.2])[1:]
    which = assign_conditions(noises, 50, order="growing", seed=0)
    levels = [[0, 1, 2, 1, 2][number] for number in which]
    assert levels == sorted(levels)


def assembled(order: str) -> ArrayImages:
    """The stream made by hand: each image degraded with all others, and then picked."""
    images = make_images(37)
    indices = evaluation_order(images.labels, order=order, seed=0, limit=None)
    which = assign_conditions(UINT8, 37, order=order, seed=0)
    pure = [
        np.concatenate(
            [c.degraded.images for c in degraded_chunks(images, indices, one, StreamOptions(0))]
        )
        for one in UINT8
    ]
    pixels = np.stack([pure[number][place] for place, number in enumerate(which)])
    return replace(images, pixels=pixels, labels=images.labels[indices])


@pytest.mark.parametrize("order", ["mixed", "growing"])
@pytest.mark.parametrize("sliding", [False, True])
def test_rows_are_those_of_the_stream_made_by_hand(order, sliding, tmp_path, monkeypatch):
    monkeypatch.setattr(unit_module, "_UNIT_VALUES", 1)  # several units: 37 images are refilled
    spec = make_spec(
        modes=("bn", "dbn-batch", "dbn-single"), stat_batch=5, device_batch=5, is_sliding=sliding
    )
    ours = evaluate(
        make_subject(), make_images(37), replace(spec, conditions=UINT8, order=order),
        out=tmp_path / "mixed",
    )  # fmt: skip
    by_hand = evaluate(
        make_subject(), assembled(order), replace(spec, conditions=(CLEAN,), order="as-is"),
        out=tmp_path / "by_hand",
    )  # fmt: skip
    assert [(r.mode, r.correct, r.nll, r.total) for r in ours] == [
        (r.mode, r.correct, pytest.approx(r.nll, abs=1e-6), 37) for r in by_hand
    ]
    assert {(r.order, r.corruption, r.severity) for r in ours} == {(order, order, 0.0)}
    assert {r.parts for r in ours} == {mix_conditions(UINT8, order=order).parts}


def test_an_image_is_seen_as_under_its_condition_alone(tmp_path):
    """Without sets the stream changes nothing: the rescaled range is that of the whole set."""
    rescaled = noise_conditions(["agn"], convention="released", sigmas=[1.0], source_kind="cifar10")
    conditions = (*FLOATS, *rescaled[1:])
    spec = make_spec(modes=("bn",), conditions=conditions, repeats=2)
    evaluate(make_subject(), make_images(50), spec, out=tmp_path / "shuffled")
    mixed = replace(spec, order="mixed")
    evaluate(make_subject(), make_images(50), mixed, out=tmp_path / "mixed")
    pure, (mixture,) = (
        list(read_checked(read_results([tmp_path / name]))) for name in ("shuffled", "mixed")
    )
    found, ours = {one.condition: one.predictions for one in pure}, mixture.predictions
    which = assign_conditions(conditions, 50, order="mixed", seed=0)
    for place, number in enumerate(which):
        alone = found[conditions[number]]
        assert ours.image_index[place] == alone.image_index[place]
        assert ours.label_log_probability[0, place] == pytest.approx(
            alone.label_log_probability[0, place], abs=1e-5
        )


def test_a_mixture_is_resumed_and_another_one_is_another_row(tmp_path):
    spec = make_spec(modes=("bn",), conditions=UINT8, order="mixed")
    first = evaluate(make_subject(), make_images(), spec, out=tmp_path)
    assert comparable(evaluate(make_subject(), make_images(), spec, out=tmp_path)) == comparable(
        first
    )
    other = replace(spec, conditions=UINT8[:3])
    assert len(evaluate(make_subject(), make_images(), other, out=tmp_path)) == 2
    with pytest.raises(RecordError, match=r"whose order is mixed; now growing is asked for"):
        evaluate(make_subject(), make_images(), replace(spec, order="growing"), out=tmp_path)


def test_one_condition_is_no_mixture(tmp_path):
    spec = make_spec(conditions=(CLEAN,), order="growing")
    with pytest.raises(SpecError, match="the order .growing. mixes conditions, and there is one;"):
        evaluate(make_subject(), make_images(), spec, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert mix_conditions((CLEAN,), order="shuffled") is None
