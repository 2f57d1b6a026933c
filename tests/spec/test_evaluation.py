"""What is asked of an evaluation is checked once, and refused by the name of its setting."""

from __future__ import annotations

import math

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.spec import EvaluationSpec, check_tie_rule


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "float32"),
        ({"amp": "bf16"}, "bf16"),
        ({"uses_tf32": True}, "tf32"),
        ({"is_compiled": True, "uses_tf32": True, "amp": "bf16"}, "bf16+tf32+compiled"),
    ],
)
def test_the_arithmetic_is_named_by_what_changes_it(options, expected):
    assert EvaluationSpec(**options).arithmetic == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stat_batch": 0}, "stat_batch= is 0; expected 1 or more images"),
        ({"group_size": 0}, "group_size= is 0; expected 1 or more images"),
        ({"device_batch": -1}, "device_batch= is -1; expected 1 or more images"),
        ({"limit": 0}, "limit= is 0; expected 1 or more images"),
        ({"repeats": 1001}, "repeats= is 1001; expected 1 to 1,000 seeds"),
        ({"modes": ("bn", "ln-vote")}, "unknown mode 'ln-vote'"),
        ({"repeats": 0}, "repeats= is 0; expected 1 to 1,000 seeds"),
        ({"limit": 2.5}, "limit= is 2.5; expected a whole number"),
        ({"seed": -1}, "seed= is -1; expected 0 to 9,223,372"),
        ({"prior": -1.0}, "prior= is -1.0; expected a number of images, 0 or more"),
        ({"prior": math.nan}, "prior= is nan"),
        ({"amp": "fp16"}, "amp='fp16': expected bf16"),
        ({"modes": ()}, "nothing to do"),
        ({"conditions": ()}, "nothing to do"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(SpecError, match=message):
        EvaluationSpec(**options)


def test_orders_and_tie_rules_are_found_by_name():
    assert EvaluationSpec(order="as-is", tie_rule="lowest").order == "as-is"
    assert check_tie_rule("logit-sum") == "logit-sum"
    with pytest.raises(SpecError, match="unknown order 'shufled'; did you mean 'shuffled'"):
        EvaluationSpec(order="shufled")
    with pytest.raises(SpecError, match="unknown tie rule 'lowst'; did you mean 'lowest'"):
        check_tie_rule("lowst")
