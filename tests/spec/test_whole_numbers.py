"""Whole numbers of any library become Python's; others are refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.spec import EvaluationSpec, check_seed


def test_numbers_of_numpy_become_plain_ones():
    spec = EvaluationSpec(limit=np.int64(10), seed=np.uint8(3), prior=math.inf)
    assert (type(spec.limit), type(spec.seed)) == (int, int)
    assert json.dumps([spec.limit, spec.seed]) == "[10, 3]"
    assert EvaluationSpec(group_size=None).group_size is None


def test_seeds_are_of_63_bits():
    assert check_seed(2**63 - 1) == 2**63 - 1
    with pytest.raises(SpecError, match="seed= is 9223372036854775808; expected 0 to 9,223"):
        check_seed(2**63)
    with pytest.raises(SpecError, match="seed= is x; expected a whole number"):
        check_seed("x")
