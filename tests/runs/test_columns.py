from __future__ import annotations

import math

import pandas as pd
import pytest

from robustbench_ln.runs.columns import Columns


def test_rows_and_tuples_are_the_same_columns():
    rows = [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]
    assert Columns.of_rows(rows).values == {"a": [1, None], "b": ["x", "y"]}
    assert Columns.of_tuples(["a", "b"], [(1, "x"), (None, "y")]).values == {
        "a": [1, None],
        "b": ["x", "y"],
    }
    assert list(Columns.of_rows(rows).rows()) == [(1, "x"), (None, "y")]


def test_no_rows_keep_the_names_that_are_known():
    assert Columns.of_rows([]).values == {}
    assert Columns.of_tuples(["a"], []).values == {"a": []}


def test_a_frame_and_back():
    frame = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [0.5, math.nan], "c": ["", "x"]})
    columns = Columns.of_frame(frame)
    assert columns.values == {"a": [1, None], "b": [0.5, None], "c": ["", "x"]}
    assert columns.frame()["b"].tolist()[0] == 0.5


def test_rows_with_other_columns_are_refused():
    with pytest.raises(KeyError, match="b"):
        Columns.of_rows([{"a": 1, "b": 2}, {"a": 1}])
