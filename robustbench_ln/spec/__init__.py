"""What was asked for, as frozen values that are checked once and passed whole."""

from robustbench_ln.spec.condition import CLEAN, Condition, ConditionRequest, FrostTextures
from robustbench_ln.spec.evaluation import ALL_SET_SIZES, EvaluationSpec, TieRule, check_tie_rule
from robustbench_ln.spec.normalization import (
    NORMALIZATIONS,
    Normalization,
    check_normalization,
    missing_normalization,
    parse_normalization,
)
from robustbench_ln.spec.whole_numbers import check_seed, check_whole_numbers, check_workers

__all__ = [
    "ALL_SET_SIZES",
    "CLEAN",
    "NORMALIZATIONS",
    "Condition",
    "ConditionRequest",
    "EvaluationSpec",
    "FrostTextures",
    "Normalization",
    "TieRule",
    "check_normalization",
    "check_seed",
    "check_tie_rule",
    "check_whole_numbers",
    "check_workers",
    "missing_normalization",
    "parse_normalization",
]
