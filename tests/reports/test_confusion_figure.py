"""Confusion matrices, counted one image at a time; and as many classes as there may be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.reports.confusion_figure import CONFUSION, confusion_matrix, most_predicted
from tests.reports.synthetic_runs import agn, kept_table, make_record


def test_rows_are_labels_and_columns_predictions() -> None:
    labels, classes = np.array([0, 0, 1, 2, 2, 2]), np.array([1, 0, 1, 1, 2, 1], dtype=np.int32)
    expected = np.zeros((4, 4), dtype=int)
    for label, predicted in zip(labels, classes, strict=True):
        expected[label, predicted] += 1
    matrix = confusion_matrix(labels, classes, 4)
    np.testing.assert_array_equal(matrix, expected)
    assert most_predicted(matrix) == (1, pytest.approx(4 / 6))


def test_the_lowest_of_several_is_the_most_predicted_class() -> None:
    assert most_predicted(np.array([[2, 0, 0], [0, 0, 2], [0, 0, 0]])) == (0, 0.5)


@pytest.mark.parametrize(("num_classes", "figures"), [(2, 1), (200, 1), (1000, 1), (1001, 0)])
def test_any_number_of_classes(tmp_path: Path, num_classes: int, figures: int) -> None:
    records = [make_record("bn", total=400, correct=300), agn("bn", 1.0, 40, total=400)]
    labels = [i % 2 for i in range(400)]
    table = kept_table(tmp_path / "run", records, labels, num_classes=max(num_classes, 3))
    pieces = CONFUSION.make([table], 6.8)
    assert len(pieces) == figures
    for piece in pieces:
        files = dict(piece.files("confusion"))
        assert files["confusion_agn_paper_clip.png"].startswith(b"\x89PNG")
