from __future__ import annotations

import math

import numpy as np
import pandas as pd

from robustbench_ln.reports.report_files import csv_bytes
from robustbench_ln.runs.columns import Columns


def test_a_csv_file_has_what_pandas_would_write():
    """Ten digits, nothing for what is missing, quotes where a comma or a quote needs them."""
    values = {
        "text": ["a,b", 'say "x"', "", "line"],
        "count": [1, 12_345_678_901, -3, 0],
        "share": [1 / 3, math.nan, math.inf, 1e-12],
        "flag": [True, False, True, False],
        "some": [3.0, None, 0.1, 2.0],
    }
    text = pd.DataFrame(values).to_csv(index=False, float_format="%.10g", lineterminator="\n")
    assert csv_bytes(Columns(values)) == text.encode()


def test_numbers_of_numpy_are_numbers():
    columns = Columns({"a": [np.float64(0.1), np.float32(0.5), np.int64(7)]})
    assert csv_bytes(columns) == b"a\n0.1\n0.5\n7\n"


def test_no_cell_and_no_name_is_a_formula():
    assert csv_bytes(Columns({"=a": ["=1+1", "-0.5", -0.5]})) == b"'=a\n'=1+1\n-0.5\n-0.5\n"


def test_an_empty_table_is_its_names():
    assert csv_bytes(Columns({"a": [], "b": []})) == b"a,b\n"
