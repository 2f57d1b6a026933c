from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.errors import DataError, SpecError
from robustbench_ln.evaluation.orders import evaluation_order, repeat_order
from robustbench_ln.spec import EvaluationSpec

LABELS = np.arange(400) * 7 % 10
SEEDED = ("shuffled", "by-class", "dirichlet-0.1", "dirichlet-1", "dirichlet-10")


def order_of(order, *, seed=0, limit=None, labels=LABELS):
    return evaluation_order(labels, order=order, seed=seed, limit=limit)


def num_changes(indices):
    """How often the class changes from one image to the next."""
    return int((np.diff(LABELS[indices]) != 0).sum())


def test_the_order_is_seeded_and_the_limit_comes_after_it():
    order = order_of("shuffled")
    assert sorted(order) == list(range(400))
    assert not np.array_equal(order, np.arange(400))
    assert np.array_equal(order[:10], order_of("shuffled", limit=10))
    assert not np.array_equal(order, order_of("shuffled", seed=1))
    assert order_of("as-is", limit=3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("order", SEEDED)
def test_every_seeded_order_is_of_the_same_images(order):
    for limit in (None, 100):
        indices = order_of(order, limit=limit)
        assert sorted(indices) == sorted(order_of("shuffled", limit=limit))
        assert np.array_equal(indices, order_of(order, limit=limit))
    again = repeat_order(order_of(order, limit=100), LABELS, order=order, seed=7)
    assert sorted(again) == sorted(order_of("shuffled", limit=100))
    assert not np.array_equal(again, order_of(order, limit=100))


def test_by_class_is_one_class_after_another_and_shuffled_within():
    indices = order_of("by-class")
    assert num_changes(indices) == 9
    first = indices[LABELS[indices] == 0]
    assert first.tolist() != sorted(first)
    kept = [i for i in order_of("shuffled") if LABELS[i] == 3]
    assert indices[LABELS[indices] == 3].tolist() == kept


def test_a_small_concentration_keeps_classes_together():
    changes = [num_changes(order_of(f"dirichlet-{a}")) for a in ("0.01", "1", "1000")]
    assert changes[0] < 200 < changes[1] < changes[2]
    assert changes[2] > 330  # nearly as shuffled: 360 of 399 expected


def test_parts_have_the_shares_that_were_drawn():
    # With a huge concentration two classes share both parts by halves.
    labels = np.repeat([0, 1], 100)
    half = labels[order_of("dirichlet-1e+06", labels=labels)[:100]]
    assert abs(int(half.sum()) - 50) <= 1


@pytest.mark.parametrize(
    "order", ["dirichlet-0", "dirichlet--1", "dirichlet-nan", "dirichlet-inf", "dirichlet-1e7",
              "dirichlet-", "dirichlet-0.10", "dirichlet-x"],
)  # fmt: skip
def test_a_concentration_that_is_none_is_refused(order):
    with pytest.raises(SpecError, match="expected a concentration above 0, at most 1e"):
        EvaluationSpec(order=order)


def test_an_unknown_order_is_refused():
    with pytest.raises(SpecError, match="unknown order 'by-clas'; did you mean 'by-class'"):
        EvaluationSpec(order="by-clas")


@pytest.mark.parametrize("order", ["by-class", "dirichlet-1"])
def test_one_class_has_no_order_of_classes(order):
    expected = f"all images are of one class; the order '{order}' needs two or more"
    with pytest.raises(DataError, match=expected):
        order_of(order, labels=np.zeros(50, dtype=int))
    with pytest.raises(DataError, match=expected):
        order_of(order, limit=1)
